/** `zonecast audit` and `audit verify`: who did what, when and why; and the proof that no line was changed or dropped. */
import { existsSync } from 'node:fs'
import { Argument, type Command } from 'commander'
import { readEnvironment } from '../../../config/env.js'
import { findConfigFile, loadConfig } from '../../../config/load.js'
import { checkAudit, type ChainAnchor } from '../../../lib/audit/check-folder.js'
import { auditFolder } from '../../../lib/audit/folders.js'
import { AuditAnchorsAnswer, AuditAnswer, type AuditChainAnswer, type AuditEntryAnswer, AuditVerifyAnswer } from '../answers.js'
import { asJson, clientOf, collect, type CommandContext, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { timeOf } from '../time-argument.js'
import { type CellInput, moment, table } from '../render.js'
import type { Terminal } from '../terminal.js'

interface Options {
  zone?: string
  node?: string
  by?: string
  since?: string
  limit?: number
  expect: string[]
  json?: true
}

const DEFAULT_ENTRIES = 1_000
const ENTRIES_PER_PAGE = 500

export function addAudit(program: Command, context: CommandContext): void {
  const { terminal } = context
  withHub(program.command('audit'))
    .description('list who did what, when and why, newest first; or prove that no line of that was changed')
    .addArgument(
      new Argument('[verify]', 'prove that no line was changed or dropped; exit status 1 when one was').choices(['verify']),
    )
    .option('--zone <zone>', 'only entries about this zone')
    .option('--node <node>', 'only entries about this node')
    .option('--by <name>', 'only entries of this caller: the name of a token, local, signal, or zonecast for automatic acts')
    .option('--since <time>', 'only entries since then: 2026-11-24, 2026-11-24T05:00Z, or an age such as 2h or 7d')
    .option('--limit <entries>', `most entries (default: ${DEFAULT_ENTRIES})`, parseLimit)
    .option(
      '--expect <chain:line:hash>',
      'with verify: a line that must still be there, as an earlier run printed it',
      collect,
      [],
    )
    .option('--json', 'as JSON')
    .action(async (what: string | undefined, options: Options, command: Command) => {
      if (what === undefined) await list(command, options, terminal)
      else if (!(await prove(command, options, terminal))) context.setExit(1)
    })
}

async function list(command: Command, options: Options, terminal: Terminal): Promise<void> {
  if (options.expect.length > 0) throw usage('--expect belongs to zonecast audit verify')
  const { entries, damaged } = await entriesOf(command, options)
  terminal.write(options.json ? asJson(entries) : table(HEADER, entries.map(cellsOf), terminal))
  if (damaged > 0) terminal.complain(`${damaged} lines do not match their hash and are left out; run zonecast audit verify`)
}

/** Returns whether nothing was changed. */
async function prove(command: Command, options: Options, terminal: Terminal): Promise<boolean> {
  const filter = (['zone', 'node', 'by', 'since', 'limit'] as const).find((name) => options[name] !== undefined)
  if (filter !== undefined) throw usage(`zonecast audit verify proves every line: leave out --${filter}`)
  const answer = await verify(command, options.expect.map(parseAnchor))
  terminal.write(options.json ? asJson(answer) : answer.chains.map(reportText).join('') || 'there is no audit log yet\n')
  for (const chain of answer.chains) for (const text of findingsOf(chain)) terminal.complain(text)
  return answer.ok
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw usage(`--limit "${text}" is not a number of entries, 1 to 9999999`)
  return Number(text)
}

async function entriesOf(command: Command, options: Options): Promise<{ entries: AuditEntryAnswer[]; damaged: number }> {
  const { zone, node, by, limit = DEFAULT_ENTRIES } = options
  const client = clientOf(command)
  const since = timeOf('--since', options.since, Date.now())
  const entries: AuditEntryAnswer[] = []
  let damaged = 0
  // With filters a page may be empty and have a next one.
  for (let after: string | undefined; entries.length < limit; ) {
    const most = String(Math.min(ENTRIES_PER_PAGE, limit - entries.length))
    const page = await client.get(AuditAnswer, 'v1/audit', { zone, node, by, since, after, limit: most })
    entries.push(...page.entries)
    damaged += page.damaged ?? 0
    if (page.next == null) break
    after = page.next
  }
  return { entries, damaged }
}

const HEADER = ['AT (UTC)', 'BY', 'FROM', 'ACTION', 'TARGET', 'OUTCOME', 'BEFORE', 'AFTER', 'REASON']

const cellsOf = (entry: AuditEntryAnswer): CellInput[] => [
  moment(entry.at),
  entry.by,
  entry.from,
  entry.action,
  factText(entry.target),
  { text: entry.outcome, colour: entry.outcome === 'done' ? 'green' : 'yellow' },
  factText(entry.before),
  entry.error ?? factText(entry.after),
  entry.reason ?? '',
]

/** `zone=example.com. serial=7`; values below are JSON. */
function factText(fact: unknown): string {
  if (typeof fact !== 'object' || fact === null || Array.isArray(fact)) return fact === null ? '-' : wordOf(fact)
  return (
    Object.entries(fact)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => `${name}=${wordOf(value)}`)
      .join(' ') || '-'
  )
}

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '-'))

function parseAnchor(text: string): ChainAnchor {
  const [chain, n, hash] = text.split(':')
  if (chain === undefined || !/^\d{1,12}$/.test(n ?? '') || !/^[0-9a-f]{64}$/.test(hash ?? ''))
    throw usage(`--expect "${text}": write CHAIN:LINE:HASH, as zonecast audit verify prints it`)
  return { chain, n: Number(n), hash: hash!, where: '--expect' }
}

/** On the machine of the hub the files are read here, without trust in the running hub; with --url the hub checks its own. */
async function verify(command: Command, expected: readonly ChainAnchor[]): Promise<AuditVerifyAnswer> {
  const folder = localFolder(command)
  if (folder !== undefined) return await verifyHere(folder, command, expected)
  if (expected.length > 0)
    throw usage('--expect needs the files of the audit log: run it on the machine of the hub, without --url')
  return await clientOf(command).get(AuditVerifyAnswer, 'v1/audit/verify')
}

function localFolder(command: Command): string | undefined {
  const { url, config } = command.optsWithGlobals<{ url?: string; config?: string }>()
  const environment = readEnvironment()
  if ((url ?? environment.url) !== undefined) return undefined
  const file = findConfigFile(config)
  if (config === undefined && environment.configFile === undefined && !existsSync(file)) return undefined
  const folder = auditFolder(loadConfig(file).dataDir)
  return existsSync(folder) ? folder : undefined
}

async function verifyHere(folder: string, command: Command, expected: readonly ChainAnchor[]): Promise<AuditVerifyAnswer> {
  // A hub that runs knows what its peers and Redis have; without one the files are checked alone.
  const { anchors } = await clientOf(command)
    .get(AuditAnchorsAnswer, 'v1/audit/anchors')
    .catch(() => ({ anchors: [] }))
  const reports = await checkAudit(folder, [...anchors, ...expected])
  return {
    ok: reports.every(({ findings }) => findings.length === 0),
    chains: reports.map((report) => ({ ...report, at: report.at === undefined ? null : new Date(report.at).toISOString() })),
  }
}

function reportText({ chain, kind, lines, first, last, hash, at, anchors, findings, notes }: AuditChainAnswer): string {
  const state = findings.length === 0 ? 'unchanged' : `${findings.length} findings`
  const places = anchors.length === 0 ? 'no other place' : [...new Set(anchors)].join(', ')
  return [
    `${chain} (${kind}): ${state}; ${lines} lines, ${first} to ${last}, the last at ${moment(at)} UTC; compared with ${places}`,
    ...(last > 0 ? [`  ${chain}:${last}:${hash}`] : []),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n')
}

const findingsOf = ({ findings, more }: AuditChainAnswer): string[] => [
  ...findings.map(({ file, line, kind, what }) => `${file}:${line}: ${kind}: ${what}`),
  ...(more > 0 ? [`${more} more findings`] : []),
]
