#!/usr/bin/env node
/** The `zonecast` program. Hub and demo are loaded only by the commands that need them: a status call must not pay for a hub. */
import { growThreadPool } from '../config/env.js'
import { runProgram } from './cli/program.js'

/** As many commits as the disk can make durable together; a measurement on one disk, 2026-11. */
const DISK_THREADS = 16

growThreadPool(DISK_THREADS)

process.exitCode = await runProgram(process.argv, {
  loadHub: () => import('./hub.js'),
  loadDemo: () => import('./demo/demo.js'),
})
