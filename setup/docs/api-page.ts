/** docs/reference/api.md, from the OpenAPI document. */
import { describeApi } from '../../services/api/openapi.js'
import { cell, code, page, table } from './markdown.js'

interface Schema {
  $ref?: string
  allOf?: Schema[]
  type?: string | string[]
  enum?: (string | null)[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  required?: string[]
  description?: string
  default?: unknown
  minimum?: number
  maximum?: number
  anyOf?: Schema[]
}

interface Content {
  schema: Schema
}

interface Operation {
  summary: string
  description?: string
  security?: unknown[]
  'x-role'?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[]
  requestBody?: { content: Record<string, Content> }
  responses: Record<string, { description: string; content?: Record<string, Content> }>
}

interface Description {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const INTRO = `# HTTP API

JSON under \`/v1\`, the dashboard at \`/\`, OpenAPI 3.1 at \`/openapi.json\`. This page is generated from the OpenAPI document.

**Tokens.** A request has \`Authorization: Bearer TOKEN\`. Roles, each with the rights of the ones before it: viewer (reads), operator (refresh, resync, drain,
hold), publisher (approve, reject, resume, rollback), admin (reload). The route states its role. \`/healthz\`, \`/readyz\`, \`/openapi.json\` and the files of the
dashboard need no token.

**Without tokens in the config** the API listens on loopback only. A caller with the token in the file \`api.token\` under \`dataDir\`, which only the hub's user
can read, is admin, and the commands of that user send it. Every other caller is a viewer. A request under another host name, or from a page of another
origin (\`Origin\`, \`Sec-Fetch-Site\`), is refused.

**Zone names in a path.** \`:zone\` is the name with or without the final dot, in any letter case, percent-encoded where needed. Clients and
proxies read \`.\` and \`%2e\` as a step in the path and \`%2F\` as a slash. So send the root, and names with characters other than letters,
digits, \`-\`, \`_\` and \`*\`, as \`hex..\` and the octets of their text in hex: \`/v1/zones/hex..2e\` is the root, and
\`/v1/zones/hex..302f32352e322e302e3139322e696e2d616464722e617270612e\` is \`0/25.2.0.192.in-addr.arpa.\` (RFC 2317). No legal name has this
form, because its label between the dots is empty. In queries and bodies a name is plain text.

**Values.** Zone names in answers are absolute, in lower case, with the final dot. Times are ISO 8601 in UTC. An unknown value is \`null\`.

**Errors** are problem documents (RFC 9457), \`application/problem+json\`: \`{ type, title, status, detail }\`, with \`errors: [{ field, message }]\`
where a body or a query does not fit.

| Status | Reason |
| --- | --- |
| 400 | a body or query that does not fit, or JSON nested deeper than 32 levels |
| 401 | no token, or an unknown or expired one |
| 403 | a role that is too weak |
| 404 | an unknown zone, node, cloud or job |
| 409 | a request with the same \`Idempotency-Key\` is not finished |
| 413 | a body over 64 KiB |
| 415 | a body that is not JSON |
| 429 | a rate above a limit; \`Retry-After\` has the seconds |
| 503 | Redis is away, or took only some jobs of the order: \`detail\` names those |

**Limits.** Each has its own budget; a used-up budget affects no other.

| Requests | Budget for each | At once | Then |
| --- | --- | --- | --- |
| reads (\`GET\`) | token | 500 | 100 per second |
| orders (\`POST\`) | token | 3,000 | 10 per second |
| requests without a valid token, where one is needed | /24 or /56 | 100 | 5 per second |
| \`/healthz\`, \`/readyz\`, the dashboard | /24 or /56 | 500 | 50 per second |
| long answers (texts, differences, \`/v1/matrix\` and series of more than 2,000 pairs) | token | 2, and 4 that wait up to 10 s | 8 in all |
| event streams | token | 8 | 200 in all |
| connections | address | 256 | 512 in all |
| \`Idempotency-Key\` | token | 10,000 a day, and 1,000 while Redis is away | |

- A request above a limit is refused one second late.
- Without tokens in the config the address counts as the token.
- A reader of a long answer is cut off after 20 s without reading, or after 15 minutes. An answer that ends early is not valid JSON.
- Behind a proxy all callers without a token share one budget; callers with a token do not.
- When an address has all its connections, a new one replaces the oldest that has sent no valid token.

**Idempotency.** A command accepts \`Idempotency-Key\`: a repeated request of the same caller with the same key within a day gets the first answer and has no
further effect. The hub does a command again while Redis is away if another process answered the first one or the hub was restarted since, and after a
restart if Redis lacks the answer.

**Readiness.** \`/readyz\` is computed at most once a second, and names no zone; \`GET /v1/status\` names one.

**Pages.** A list with \`next\` continues with \`after=\` that value until it is \`null\`.

## States

| State | Meaning |
| --- | --- |
| \`in-sync\` | the node's own answer shows the released serial, and the hub has no reason to doubt that it serves the released content |
| \`syncing\` | it does not show it yet, for less than \`defaults.lag.warn\`; or it shows the serial, its delivery was not observed, and its answers are being compared |
| \`lagging\` | it does not show it for longer than that |
| \`stuck\` | it has stayed on one serial for \`defaults.stuck\` after a newer release |
| \`conflict\` | primaries serve two contents under one serial; or the node serves other content than the released one under that serial, or may, because two were released; or its serial has no order to the released one (RFC 1982 §3.2) |
| \`ahead\` | it serves a serial that is newer than any release here |
| \`expired\` | no primary has confirmed the zone for its EXPIRE (RFC 1034 §4.3.5), and it is no longer offered |
| \`held\` | of a zone, never of a node: a check held its newest version, a stage halted it, or an operator put the zone on hold |
| \`drained\` | an operator stopped delivery to the node |
| \`unknown\` | it has missed \`defaults.unknownAfterMissed\` SOA queries; or it answers that it does not serve the zone; or its serial came from another server, so its content is not known; or nothing was released yet |

A zone is in \`conflict\` when its primaries serve two contents or all went back, \`unknown\` before its first release, and \`expired\` after its EXPIRE. Else it
has the worst state of its nodes and of itself (\`held\`), in this order: conflict, ahead, expired, stuck, lagging, unknown, held, syncing, in-sync, drained.

Its field \`held\` is a sentence while a version is held or the zone is on hold, in every state, and \`null\` otherwise.
\`state=held\` finds the zone by that field.

\`lagSeconds\` is the age of the oldest release that the node has not reached, counted from the release to that node; 0 when it is in sync.

## Events

\`GET /v1/events\` is a stream of server-sent events. An observation without a change is no event.

- \`zone\`: a ZoneSummary, when a release or the state of a zone changes.
- \`node\`: \`{ zone, node, … }\` with the fields of a NodeZone, when serial, state or error change.
- \`rollout\`: a RolloutRow, when the state of a rollout changes.
- \`check\`: \`{ id, zone, serial, verdict, findings }\`, when a check did not pass.

- Missed events are not sent again: open the stream, then read the matrix.
- After 100 changes in 0.1 s the next ones wait for the readers: each zone and node comes once, with its last state. A reader that is 64 KiB behind for
  10 s is disconnected.
- A comment comes every 15 s.
- A stream ends when its token is revoked or expires, and when its reader is more than 1 MiB behind (less with more than 64 readers).`

export function apiPage(): string {
  const { paths, components } = describeApi() as unknown as Description
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  return page(
    INTRO,
    '## Routes',
    table(
      ['Route', 'Role', 'Effect'],
      operations.map(({ title, operation }) => [`[\`${title}\`](#${anchor(title)})`, roleOf(operation), cell(operation.summary)]),
    ),
    ...operations.flatMap(({ title, operation }) => parts(title, operation)),
    '## Shapes',
    ...Object.entries(components.schemas).map(([name, schema]) => `**${name}**\n\n\`\`\`\n${shapeOf(schema, '')}\n\`\`\``),
  )
}

/** The anchor that a renderer of Markdown makes from a heading. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-')

const roleOf = ({ security, 'x-role': role }: Operation): string => (security?.length === 0 ? 'none' : (role ?? 'viewer'))

function parts(title: string, operation: Operation): string[] {
  const { parameters = [], requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  const inputs = [
    ...parameters.map(({ name, in: where, required, schema, description }) => [
      code(name),
      `${where}${required ? ', required' : ''}`,
      cell(kind(schema)),
      cell(description ?? ''),
    ]),
    ...Object.entries(body?.properties ?? {}).map(([name, schema]) => [
      code(name),
      'body',
      cell(kind(schema) + (schema.default === undefined ? '' : `, default ${String(schema.default)}`)),
      cell(schema.description ?? ''),
    ]),
  ]
  const answers = Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, { description, content = {} }]) => {
      const [type, { schema } = { schema: {} }] = Object.entries(content)[0] ?? ['', { schema: {} }]
      const shape = type === 'application/json' ? `\n\n\`\`\`\n${shapeOf(schema, '')}\n\`\`\`` : ` (\`${type}\`)`
      return `**${status}** ${description}${type === '' ? '' : shape}`
    })
  return [
    `### ${title}`,
    `${operation.summary}. Role: ${roleOf(operation)}.`,
    ...(inputs.length > 0 ? [table(['Name', 'In', 'Kind', 'Meaning'], inputs)] : []),
    ...answers,
  ]
}

/** In a table: one line. */
function kind(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(', ')
  if (schema.items) return `list of ${kind(schema.items)}`
  const types = [schema.type ?? 'anything'].flat()
  const range = schema.minimum !== undefined && schema.maximum !== undefined ? ` ${schema.minimum}–${schema.maximum}` : ''
  return `${types.join(' or ')}${range}`
}

const MOST_ON_A_LINE = 100

/** In a block: as JSON with kinds for values. */
function shapeOf(schema: Schema, indent: string): string {
  const shape = shapeOfValue(schema, indent)
  // A plain kind has null among its kinds, and an enum among its values.
  const isNullable = [schema.type].flat().includes('null') && shape.search(/[[{]/) === 0
  return isNullable ? `${shape} | null` : shape
}

function shapeOfValue(schema: Schema, indent: string): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1)!
  if (schema.allOf) return schema.allOf.map((one) => shapeOf(one, indent)).join(' & ')
  if (schema.anyOf) return schema.anyOf.map((one) => shapeOf(one, indent)).join(' | ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.items) return `[${shapeOf(schema.items, indent)}]`
  if (typeof schema.additionalProperties === 'object') return `{ name: ${shapeOf(schema.additionalProperties, indent)}, … }`
  if (!schema.properties) return [schema.type ?? 'any'].flat().join(' | ')
  const mark = (name: string) => (schema.required?.includes(name) ? '' : '?')
  const fields = (at: string) =>
    Object.entries(schema.properties!).map(([name, one]) => `${name}${mark(name)}: ${shapeOf(one, at)}`)
  const line = `{ ${fields(indent).join(', ')} }`
  if (line.length + indent.length <= MOST_ON_A_LINE && !line.includes('\n')) return line
  const deeper = `${indent}  `
  return `{\n${fields(deeper)
    .map((field) => `${deeper}${field}`)
    .join(',\n')}\n${indent}}`
}
