/** docs/reference/api.md, from the OpenAPI document. */
import { describeApi } from '../../services/api/openapi.js'
import { cell, code, page, table } from './markdown.js'

interface Schema {
  $ref?: string
  allOf?: Schema[]
  type?: string | string[]
  enum?: string[]
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

JSON under \`/v1\`, the live page at \`/\`, OpenAPI 3.1 at \`/openapi.json\`: this page is made from it.

**Who may.** While no token is configured the API listens on loopback only. A caller with the token in the file \`api.token\` under dataDir,
which only the hub's user can read, is admin, and the commands of that user send it; every other caller is a viewer. A request that comes under
another host name, or from a page of another origin (\`Origin\`, \`Sec-Fetch-Site\`), is refused. With tokens: \`Authorization: Bearer TOKEN\`. Roles, each with what the
ones before it may: viewer (reads), operator (refresh, resync, drain), publisher, admin (reload). \`/healthz\`, \`/readyz\`,
\`/openapi.json\` and the files of the page need none.

**Zone names in a path.** \`:zone\` is the name with or without the final dot, in any letter case, percent-encoded where needed. Clients and
proxies take \`.\` and \`%2e\` for a step in the path and \`%2F\` for a slash, so the root and names with characters other than letters,
digits, \`-\`, \`_\` and \`*\` are best sent as \`hex..\` and the octets of their text in hex: \`/v1/zones/hex..2e\` is the root, and
\`/v1/zones/hex..302f32352e322e302e3139322e696e2d616464722e617270612e\` is \`0/25.2.0.192.in-addr.arpa.\` (RFC 2317). No legal name looks like
that, as its label between the dots is empty. In queries and bodies a name is plain text.

**Errors** are problem documents (RFC 9457), \`application/problem+json\`: \`{ type, title, status, detail }\`, with \`errors: [{ field, message }]\`
where a body or a query does not fit (400). Unknown zone, node, cloud or job: 404. No token, or an unknown or expired one: 401. Too weak
a role: 403. A body that is not JSON: 415; larger than 64 KiB: 413; nested deeper than 32 levels: 400. Redis away where a job would be
needed: 503. Above a limit: 429 with \`Retry-After\`, in seconds.

**Limits.** Each has its own budget; one that is used up takes nothing from the others.

| What | For each | At once | Then |
| --- | --- | --- | --- |
| reads (\`GET\`) | token | 500 | 100 a second |
| orders (\`POST\`) | token | 3,000 | 10 a second |
| requests without a valid token, where one is needed | /24 or /56 | 100 | 5 a second |
| \`/healthz\`, \`/readyz\`, the page | /24 or /56 | 500 | 50 a second |
| long answers (texts, differences, \`/v1/matrix\` and series of more than 2,000 pairs) | token | 2, and 4 that wait up to 10 s | 8 in all |
| event streams | token | 8 | 200 in all |
| connections | address | 256 | 512 in all |
| \`Idempotency-Key\` | token | 10,000 a day | |

A refusal of a request above a limit comes one second late. Where no token is configured the address counts as the token. A reader of a long
answer who takes nothing for 20 s, or needs more than 15 minutes, is cut off; an answer that ends early is not valid JSON. Behind a
proxy all callers without a token share one budget; callers with a token do not. When an address has all its connections, a new one
takes the place of the oldest that has sent no valid token.

**Names.** Zone names in answers are absolute, in lower case, with the final dot; in paths they are taken with or without it, in any case.
Times are ISO 8601 in UTC; what is not known is \`null\`.

**Once.** A command takes \`Idempotency-Key\`: sent again with the same key by the same caller within a day, it gets the first answer and does
nothing. While the first is still under way, 409.

**Readiness.** \`/readyz\` is worked out at most once a second, and names no zone; \`GET /v1/status\` names one.

**Pages.** Lists with \`next\` are asked on with \`after=\` that value until it is \`null\`.

## States

| State | Meaning |
| --- | --- |
| \`in-sync\` | the node's own answer shows the released serial, and the hub has no reason to doubt that it serves the released content |
| \`syncing\` | it does not yet, and for less than \`defaults.lag.warn\`; or it shows the serial, nobody saw it take the content, and its answers are being compared |
| \`lagging\` | for longer than that |
| \`stuck\` | it has stayed on one serial for \`defaults.stuck\` after a newer release |
| \`conflict\` | primaries serve two contents under one serial; or the node serves other content than the released one under that serial, or may, as two were released; or its serial has no order to the released one (RFC 1982 §3.2) |
| \`ahead\` | it serves something newer than anything released here |
| \`expired\` | no primary has confirmed the zone for its EXPIRE (RFC 1034 §4.3.5), and it is no longer offered |
| \`held\` | of a zone, never of a node: a check held its newest version, a stage halted it, or an operator put the zone on hold |
| \`drained\` | an operator stopped delivery to the node |
| \`unknown\` | it has missed \`defaults.unknownAfterLooks\` polls; or it answers that it does not serve the zone; or it took its serial from another server, so its content is not known; or nothing was released yet |

A zone has the worst state of its nodes. The field \`held\` is set whatever that state is, and \`state=held\` finds the zone by it.

\`lagSeconds\` is the age of the oldest release that the node has not reached, counted from the release to that node; 0 when it is in sync.

## Events

\`GET /v1/events\` is a stream of server-sent events: \`zone\` (a ZoneSummary, when a release or the state of a zone changes) and \`node\`
(\`{ zone, node, … }\` with the fields of a NodeZone, when serial, state or error change). A look that finds what was there before is no
event. Events missed while away are not sent again: open the stream, then read the matrix. A comment comes every 15 s. A stream ends when its
token is revoked or expires, and when its reader falls more than 1 MiB behind (less where there are more than 64 readers).`

export function apiPage(): string {
  const { paths, components } = describeApi() as unknown as Description
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  return page(
    INTRO,
    '## Routes',
    table(
      ['Route', 'Role', 'What'],
      operations.map(({ title, operation }) => [`[\`${title}\`](#${anchor(title)})`, roleOf(operation), cell(operation.summary)]),
    ),
    ...operations.flatMap(({ title, operation }) => parts(title, operation)),
    '## Shapes',
    ...Object.entries(components.schemas).map(([name, schema]) => `**${name}**\n\n\`\`\`\n${shapeOf(schema, '')}\n\`\`\``),
  )
}

/** As a renderer of Markdown makes it from a heading. */
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
    ...(inputs.length > 0 ? [table(['Name', 'In', 'Kind', 'What'], inputs)] : []),
    ...answers,
  ]
}

/** In a table: one line. */
function kind(schema: Schema): string {
  if (schema.enum) return schema.enum.join(', ')
  if (schema.items) return `list of ${kind(schema.items)}`
  const types = [schema.type ?? 'anything'].flat()
  const range = schema.minimum !== undefined && schema.maximum !== undefined ? ` ${schema.minimum}–${schema.maximum}` : ''
  return `${types.join(' or ')}${range}`
}

const MOST_ON_A_LINE = 100

/** In a block: as JSON with kinds for values. */
function shapeOf(schema: Schema, indent: string): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1)!
  if (schema.allOf) return schema.allOf.map((one) => shapeOf(one, indent)).join(' & ')
  if (schema.anyOf) return schema.anyOf.map((one) => shapeOf(one, indent)).join(' | ')
  if (schema.enum) return schema.enum.map((value) => `"${value}"`).join(' | ')
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
