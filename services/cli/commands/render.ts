/** `zonecast render NODE`: the name server configuration that a node needs for its zones. */
import { type Command, Option } from 'commander'
import { PARTS } from '../../../lib/render/node-setup.js'
import { segment } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'
import { toOutput } from '../to-output.js'

interface RenderOptions {
  part?: string
  folder?: string
  serverVersion?: string
}

export function addRender(program: Command, _context: CommandContext): void {
  withHub(program.command('render'))
    .description('print the name server configuration that a node needs for its zones, in the words of its make')
    .argument('<node>')
    .addOption(
      new Option(
        '--part <part>',
        'all; server: settings of the whole server; zones: the rest, for a server that is configured already',
      ).choices(PARTS),
    )
    .option('--folder <path>', "folder on the node for all files of the server (default: the folders of Debian's package)")
    .option('--server-version <version>', 'version of the name server, such as 4.15.4 (default: a current one)')
    .action(async (node: string, { part, folder, serverVersion: version }: RenderOptions, command: Command) => {
      const query = { part, folder, version }
      await toOutput(await clientOf(command).stream(`v1/nodes/${segment(node)}/configuration`, query))
    })
}
