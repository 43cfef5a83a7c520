/** `zonecast catalogs [CATALOG]`: catalogs consumed and published, or the members of one. */
import type { Command } from 'commander'
import { type CatalogAnswer, CatalogPageAnswer, CatalogsAnswer } from '../answers.js'
import { zoneSegment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { pagesOf } from '../pages.js'
import { moment, table } from '../render.js'
import type { Terminal } from '../terminal.js'

export function addCatalogs(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('catalogs'))
    .description('list the catalogs consumed and published, or the members of one')
    .argument('[catalog]')
    .option('--json', 'as JSON')
    .action(async (catalog: string | undefined, { json }: { json?: true }, command: Command) => {
      const client = clientOf(command)
      if (catalog === undefined) {
        const { catalogs } = await client.get(CatalogsAnswer, 'v1/catalogs')
        return json ? terminal.write(asJson(catalogs)) : showCatalogs(terminal, catalogs)
      }
      const members = await pagesOf(client, `v1/catalogs/${zoneSegment(catalog)}`, CatalogPageAnswer, (page) => page.members)
      if (json) return terminal.write(asJson(members))
      const rows = members.map(({ zone, group, since, from, catalog: owner, leavesAt }) => [
        zone,
        group ?? '',
        moment(since),
        from.join(', '),
        owner ?? 'config',
        leavesAt === null ? '' : { text: `leaves ${moment(leavesAt)}`, colour: 'yellow' as const },
      ])
      terminal.write(table(['ZONE', 'GROUP', 'SINCE (UTC)', 'PRIMARIES', 'CATALOG', ''], rows, terminal))
    })
}

function showCatalogs(terminal: Terminal, catalogs: readonly CatalogAnswer[]): void {
  const rows = catalogs.map(({ name, direction, serial, members, leaving, error, findings }) => [
    name,
    direction,
    serial,
    { text: String(members), align: 'right' as const },
    { text: String(leaving), align: 'right' as const },
    error === null ? findings.join('; ') : { text: error, colour: 'red' as const },
  ])
  terminal.write(table(['CATALOG', 'DIRECTION', 'SERIAL', 'MEMBERS', 'LEAVING', 'ERROR'], rows, terminal))
}
