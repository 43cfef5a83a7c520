/** `zonecast check`: reports all findings about a config file, without a hub. */
import type { Command } from 'commander'
import type { Finding } from '../../../config/errors.js'
import { checkConfig, findConfigFile } from '../../../config/load.js'
import { asJson, type CommandContext, withConfig } from '../command-context.js'
import { paint } from '../render.js'

const HAS_ERRORS = 2

export function addCheck(program: Command, { terminal, setExit }: CommandContext): void {
  withConfig(program.command('check'))
    .description('check the config and the topology')
    .option('--json', 'findings as JSON')
    .action((_options, command: Command) => {
      const { config: named, json } = command.optsWithGlobals<{ config?: string; json?: true }>()
      const file = findConfigFile(named)
      const { config, findings } = checkConfig(file)
      const errors = findings.filter(({ severity }) => severity === 'error').length
      if (json) terminal.write(asJson({ file, errors, warnings: findings.length - errors, findings }))
      else {
        terminal.write(findings.map((finding) => `${findingLine(finding, terminal.hasColour)}\n`).join(''))
        const size = config === undefined ? '' : `: ${config.zones.size} zones, ${config.nodes.size} nodes`
        if (errors === 0) terminal.write(`${file} is valid${size}\n`)
      }
      if (errors > 0) setExit(HAS_ERRORS)
    })
}

/** `zonecast.yaml:3:7: error CONFIG_UNKNOWN_KEY unknown key …` */
export function findingLine({ file, line, column, severity, code, message }: Finding, hasColour: boolean): string {
  const word = paint(severity, severity === 'error' ? 'red' : 'yellow', hasColour)
  return `${file}:${line}:${column}: ${word} ${code} ${message}`
}
