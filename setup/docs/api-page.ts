/** docs/api.md, from the OpenAPI document. */
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

**Who may.** While no token is configured the API listens on loopback only and every caller is admin; a request that comes under
another host name, or from a page of another origin, is refused. With tokens: \`Authorization: Bearer TOKEN\`. Roles, each with what the
ones before it may: viewer (reads), operator (refresh, resync, drain), publisher, admin (reload). \`/healthz\`, \`/readyz\`,
\`/openapi.json\` and the files of the page need none.

**Errors** are problem documents (RFC 9457), \`application/problem+json\`: \`{ type, title, status, detail }\`, with \`errors: [{ field, message }]\`
where a body or a query does not fit (400). Unknown zone, node, cloud or job: 404. No token, or an unknown or expired one: 401. Too weak
a role: 403. A body that is not JSON: 415; larger than 64 KiB: 413. Redis away where a job would be needed: 503. More than 6,000
requests a minute from one address: 429.

**Names.** Zone names in answers are absolute, in lower case, with the final dot; in paths they are taken with or without it, in any case.
Times are ISO 8601 in UTC; what is not known is \`null\`.

**Once.** A command takes \`Idempotency-Key\`: sent again with the same key by the same caller within a day, it gets the first answer and does
nothing. While the first is still under way, 409.

**Pages.** Lists with \`next\` are asked on with \`after=\` that value until it is \`null\`.

## States

| State | Meaning |
| --- | --- |
| \`in-sync\` | the node's own answer shows the released serial |
| \`syncing\` | it does not yet, and for less than \`defaults.lag.warn\` |
| \`lagging\` | for longer than that |
| \`stuck\` | it has stayed on one serial for \`defaults.stuck\`, with two newer releases, or one as old as that |
| \`conflict\` | primaries serve two contents under one serial, or the node's serial has no order to the released one (RFC 1982 §3.2) |
| \`ahead\` | it serves something newer than anything released here |
| \`expired\` | no primary has confirmed the zone for its EXPIRE (RFC 1034 §4.3.5), and it is no longer offered |
| \`held\` | not used by this version |
| \`drained\` | a person stopped delivery to the node |
| \`unknown\` | it has missed \`defaults.unknownAfterLooks\` looks, or nothing was released yet |

\`lagSeconds\` is the age of the oldest release that the node has not reached; 0 when it is in sync.

## Events

\`GET /v1/events\` is a stream of server-sent events: \`zone\` (a ZoneSummary, when a release or the state of a zone changes) and \`node\`
(\`{ zone, node, … }\` with the fields of a NodeZone, when serial, state or error change). A look that finds what was there before is no
event. Events missed while away are not sent again: open the stream, then read the matrix. A comment comes every 15 s.`

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
  const fields = (at: string) => Object.entries(schema.properties!).map(([name, one]) => `${name}: ${shapeOf(one, at)}`)
  const line = `{ ${fields(indent).join(', ')} }`
  if (line.length + indent.length <= MOST_ON_A_LINE && !line.includes('\n')) return line
  const deeper = `${indent}  `
  return `{\n${fields(deeper)
    .map((field) => `${deeper}${field}`)
    .join(',\n')}\n${indent}}`
}
