#!/usr/bin/env node
/** The `zonecast` program. Only the commands that need hub and demo load them: a status call must not pay for a hub. */
import { runProgram } from './cli/program.js'

process.exitCode = await runProgram(process.argv, {
  loadHub: () => import('./hub/hub.js'),
  loadVantage: () => import('./vantage/run-vantage.js'),
  loadDemo: () => import('./demo/demo.js'),
})
