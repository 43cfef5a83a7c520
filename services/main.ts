#!/usr/bin/env node
/** The `zonecast` program: the `start` command runs a hub, all others speak to one (services/cli). */
import { loadConfig, findConfigFile } from '../config/load.js'
import { createLogger } from '../lib/runtime/logger.js'
import { Hub, ROLES } from './hub.js'

process.on('uncaughtException', (e) => {
  console.error(e)
  process.exit(1)
})
const file = findConfigFile(process.argv[3])
const config = loadConfig(file)
const log = createLogger({ level: config.log.level, isTerminal: process.stderr.isTTY })
const hub = new Hub(config, ROLES, log)
for (const { role, address } of await hub.start()) process.stdout.write(`ready ${role} ${address}\n`)
process.once('SIGTERM', () => void hub.stop())
process.once('SIGINT', () => void hub.stop())
