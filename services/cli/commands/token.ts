/** `zonecast token`: the callers of the API with their last use; and `token new`, which makes a token. */
import { createHash, randomBytes } from 'node:crypto'
import { Argument, type Command, Option } from 'commander'
import { tokenSchema } from '../../../config/callers-schema.js'
import { CallersAnswer } from '../answers.js'
import { asJson, clientOf, collect, type CommandContext, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { moment, table } from '../render.js'
import type { Terminal } from '../terminal.js'

const TOKEN_OCTETS = 32
const DAY_MS = 86_400_000
const WARN_MS = 30 * DAY_MS

interface Options {
  name?: string
  role?: string
  person?: string
  zone: string[]
  cloud: string[]
  node: string[]
  subnet: string[]
  expires?: string
  json?: true
}

export function addToken(program: Command, context: CommandContext): void {
  const { terminal } = context
  withHub(program.command('token'))
    .description('list the tokens and client certificates that may call the API, with their last use; or make a token')
    .addArgument(new Argument('[new]', 'make a token: print it once, with the line for api.tokens').choices(['new']))
    .option('--name <name>', 'with new: name of the caller in logs and orders')
    .addOption(
      new Option('--role <role>', 'with new: what it may do').choices(['vantage', 'viewer', 'operator', 'publisher', 'admin']),
    )
    .option('--person <name>', 'with new: the person who has it; callers of one person count once for approvals')
    .option('--zone <zone>', 'with new: only this zone, *.example.net or group:gold; may be repeated', collect, [])
    .option('--cloud <cloud>', 'with new: only nodes of this cloud; may be repeated', collect, [])
    .option('--node <node>', 'with new: only this node; may be repeated', collect, [])
    .option('--subnet <subnet>', 'with new: only from these addresses; may be repeated', collect, [])
    .option('--expires <date>', 'with new: the day from which it is refused, such as 2027-01-01')
    .option('--json', 'as JSON')
    .action(async (what: string | undefined, options: Options, command: Command) => {
      if (what === 'new') make(terminal, options)
      else await list(terminal, options, command)
    })
}

/** Calls no hub: the token is valid when its line is in the config of one. */
function make(terminal: Terminal, options: Options): void {
  const { name, role, person, expires, json } = options
  if (name === undefined || role === undefined)
    throw usage('token new needs a name and a role: zonecast token new --name noc --role operator')
  const token = randomBytes(TOKEN_OCTETS).toString('base64url')
  const lists = { zones: options.zone, clouds: options.cloud, nodes: options.node, subnets: options.subnet }
  const given = Object.entries(lists).filter(([, list]) => list.length > 0)
  const entry = {
    name,
    role,
    ...(person === undefined ? {} : { person }),
    sha256: createHash('sha256').update(token).digest('hex'),
    ...Object.fromEntries(given),
    ...(expires === undefined ? {} : { expires }),
  }
  const checked = tokenSchema.safeParse(entry)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw usage(`${issue!.path.join('.')}: ${issue!.message}`)
  }
  if (json) {
    terminal.write(asJson({ token, entry }))
    return
  }
  const line = Object.entries(entry).map(([key, value]) => `${key}: ${flow(value)}`)
  terminal.write(`${token}\n\nUnder api.tokens in the config of each hub, then SIGHUP:\n    - { ${line.join(', ')} }\n`)
  terminal.complain('the token is shown once: keep it now, and give it to ZONECAST_TOKEN or the live page')
}

/** YAML in flow style; JSON texts are YAML. */
const flow = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map((each) => JSON.stringify(each)).join(', ')}]`
    : // A word such as true or null would be no text.
      /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z][\w.-]*$/i.test(String(value))
      ? String(value)
      : JSON.stringify(value)

async function list(terminal: Terminal, options: Options, command: Command): Promise<void> {
  const { name, role, person, expires, json, zone, cloud, node, subnet } = options
  if (
    [name, role, person, expires].some((each) => each !== undefined) ||
    zone.length + cloud.length + node.length + subnet.length > 0
  )
    throw usage('the rights of a token are options of zonecast token new')
  const { callers } = await clientOf(command).get(CallersAnswer, 'v1/tokens')
  const now = Date.now()
  const rows = callers.map((each) => {
    const endsIn = each.expires === null ? Number.POSITIVE_INFINITY : Date.parse(each.expires) - now
    return [
      each.name,
      each.kind,
      each.role,
      each.scope ?? 'everything',
      {
        text: each.expires === null ? 'never' : moment(each.expires),
        ...(endsIn <= WARN_MS ? { colour: endsIn <= 0 ? ('red' as const) : ('yellow' as const) } : {}),
      },
      each.usedAt === null ? 'never' : moment(each.usedAt),
      each.usedFrom ?? '',
    ]
  })
  const header = ['NAME', 'BY', 'ROLE', 'SCOPE', 'EXPIRES (UTC)', 'LAST USE (UTC)', 'FROM']
  terminal.write(json ? asJson(callers) : table(header, rows, terminal))
}
