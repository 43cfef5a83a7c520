#!/usr/bin/env node
/** The `zonecast` program. Hub and demo are loaded only by the commands that need them: a status call must not pay for a hub. */
import { runProgram } from './cli/program.js'

process.exitCode = await runProgram(process.argv, {
  loadHub: () => import('./hub.js'),
  loadDemo: () => import('./demo/demo.js'),
})
