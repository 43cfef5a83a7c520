/** `zonecast topology`: a drawing of the described sites and links, with the findings of `check`. Calls no hub. */
import { type Command, Option } from 'commander'
import { checkConfig, findConfigFile } from '../../../config/load.js'
import { asJson, type CommandContext, withConfig } from '../command-context.js'
import { topologySvg } from '../topology/topology-svg.js'
import { topologyText } from '../topology/topology-text.js'
import { viewTopology } from '../topology/topology-view.js'
import { wheelOf } from '../topology/wheel.js'
import { findingLine } from './check.js'

const BAD_CONFIG = 2

export function addTopology(program: Command, { terminal, setExit }: CommandContext): void {
  withConfig(program.command('topology'))
    .description('draw sites, links and nodes, with the findings about them')
    .addOption(new Option('--format <format>', 'output format').choices(['text', 'svg']).default('text'))
    .option('--json', 'the content of the drawing as JSON')
    .action((options: { format: 'text' | 'svg'; json?: true }, command: Command) => {
      const { config: named } = command.optsWithGlobals<{ config?: string }>()
      const { config, findings } = checkConfig(findConfigFile(named))
      if (config === undefined) {
        for (const finding of findings) terminal.complain(findingLine(finding, false))
        return setExit(BAD_CONFIG)
      }
      const view = viewTopology(config, findings)
      if (options.json) {
        const { rings } = wheelOf(view)
        const shape = rings.map(({ sites, isClosed }) => ({ sites: sites.map(({ name }) => name), isClosed }))
        terminal.write(asJson({ ...view, rings: shape }))
      } else terminal.write(options.format === 'svg' ? topologySvg(view) : topologyText(view, terminal.hasColour))
    })
}
