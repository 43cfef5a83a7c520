/** `zonecast nodes`: all nodes as a list, or one with its name server and its zones. */
import type { Command } from 'commander'
import { printable } from '../../../lib/runtime/printable.js'
import { type NodeAnswer, NodeDetailsAnswer, NodesAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { countsText, type ListOptions, oldKeyCells, oldKeyColumn, show } from '../list-table.js'
import { type CellInput, colourOf, type Screen, moment, span, table } from '../render.js'
import type { Terminal } from '../terminal.js'

export function addNodes(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('nodes'))
    .description('list nodes with the number of their zones in sync; with NODE, what its name server reports, and its zones')
    .argument('[node]', 'only this node, in detail')
    .option('--json', 'as JSON')
    .action(async (node: string | undefined, options: ListOptions, command: Command) => {
      const client = clientOf(command)
      if (node === undefined) showNodes(terminal, options, (await client.get(NodesAnswer, 'v1/nodes')).nodes)
      else {
        const answer = await client.get(NodeDetailsAnswer, `v1/nodes/${segment(node)}`)
        terminal.write(options.json ? asJson(answer) : nodeText(answer, terminal))
      }
    })
}

function showNodes(terminal: Terminal, options: ListOptions, nodes: readonly NodeAnswer[]): void {
  const hasClusters = nodes.some(({ cluster }) => cluster != null)
  const header = [
    'NODE',
    'CLOUD',
    ...(hasClusters ? ['CLUSTER'] : []),
    'SITE',
    'ADDRESS',
    'IN SYNC',
    'STATES',
    'LAG',
    'LAST SEEN (UTC)',
    ...oldKeyColumn(nodes),
  ]
  show(terminal, options, nodes, header, (node) => [
    node.id,
    node.cloud,
    ...(hasClusters ? [node.cluster ?? ''] : []),
    node.site ?? '',
    addressOf(node),
    { text: `${node.inSync}/${node.total}`, align: 'right', colour: node.inSync === node.total ? 'green' : 'yellow' },
    countsText(node.states),
    { text: node.lagSeconds > 0 ? span(node.lagSeconds) : '-', align: 'right' },
    moment(node.observedAt),
    ...oldKeyCells(nodes, node),
  ])
}

/** The address in use; a star marks one that is not the preferred one. */
function addressOf({ address, paths }: NodeAnswer): CellInput {
  const inUse = paths.find((path) => path.inUse)?.address ?? address
  return inUse === address ? address : { text: `${inUse} *`, colour: 'yellow' }
}

const WORDS = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'no'],
  [null, 'not known'],
])

type Fact = [name: string, value: string | number | null]

/** The node, its server, the capabilities, and a table of its zones. */
export function nodeText(node: NodeDetailsAnswer, screen: Screen): string {
  const { server } = node
  const facts: Fact[] = [
    [
      'node',
      `${node.id}, cloud ${node.cloud}${node.cluster == null ? '' : `, cluster ${node.cluster}`}${node.site === null ? '' : `, site ${node.site}`}`,
    ],
    ['in sync', `${node.inSync} of ${node.total} zones`],
    ...(server === undefined ? [] : serverFacts(server)),
  ]
  const lines = facts.filter(([, value]) => value !== null).map(([name, value]) => printable(`${`${name}:`.padEnd(21)}${value}`))
  const zones = Object.entries(node.zones).map(([name, zone]): CellInput[] => [
    name,
    zone.serial,
    { text: zone.state, colour: colourOf(zone.state) },
    { text: zone.lagSeconds > 0 ? span(zone.lagSeconds) : '-', align: 'right' },
    zone.error ?? '',
  ])
  return `${lines.join('\n')}\n\n${table(['ZONE', 'SERIAL', 'STATE', 'LAG', 'ERROR'], zones, screen)}`
}

function serverFacts(server: NonNullable<NodeDetailsAnswer['server']>): Fact[] {
  const { ixfr, expire, catalog, xot, nsid, zoneversion } = server.capabilities
  return [
    ['server', [server.make, server.version].filter((part) => part !== null).join(' ') || 'not known'],
    ['identity', server.identity],
    ['zones on the server', server.zones],
    ['control channel', server.channel],
    ['error', server.error],
    ['IXFR', ixfr === true ? 'yes' : 'none seen'],
    ['catalogs', WORDS.get(catalog)!],
    ['transfers over TLS', WORDS.get(xot)!],
    ['EDNS EXPIRE', WORDS.get(expire)!],
    ['NSID', WORDS.get(nsid)!],
    ['ZONEVERSION', WORDS.get(zoneversion)!],
  ]
}
