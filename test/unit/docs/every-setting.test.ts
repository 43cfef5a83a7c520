/** Every setting of the schema is in the example config and in the reference. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse } from 'yaml'
import { describeSettings } from '../../../config/setting-names.js'

const EXAMPLE = readFileSync('config/zonecast.example.yaml', 'utf8')
const REFERENCE = readFileSync('docs/reference/configuration.md', 'utf8')

/** Settings that exclude another one of the example, or need a file: they are in a comment. */
const ALTERNATIVES = new Set([
  'redis',
  'redis.sentinels',
  'redis.name',
  'redis.username',
  'redis.password',
  'redis.db',
  'redisPasswordFile',
  'api.tokens.*.sha256File',
  'keys.*.secretFile',
  'webhooks.*.secretFile',
  'nodes.*.members',
  'nodes.*.control.nsd',
  'nodes.*.control.ca',
  'nodes.*.control.cert',
  'workers.key',
  'nodes.*.control.certKey',
  'nodes.*.control.knot',
  'nodes.*.control.powerdns',
  'nodes.*.control.apiKeyFile',
])
const OF_TLS_AND_KEYS =
  /^(transfer|api)\.tls|^api\.clients|^api\.tokens\.\*\.(person|zones|clouds|nodes)|^(primaries|hubs|nodes)\.\*\.(keys|tls)/

const OF_MEMBERS = 'nodes.*.members.*.'

/** The paths of a value like in the schema: `*` for a name of the operator's choice or an index. */
function pathsOf(value: unknown, path: readonly string[], known: ReadonlySet<string>): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => {
    const [own, any] = [
      [...path, key],
      [...path, '*'],
    ]
    const isFixed = known.has(own.join('.'))
    const next = isFixed ? own : any
    return [next.join('.'), ...pathsOf(child, next, known)]
  })
}

describe('every setting of the schema', () => {
  const settings = describeSettings().map(({ path }) => path)
  const inExample = new Set(pathsOf(parse(EXAMPLE), [], new Set(settings)))

  it('is compared, also below a setting that may be one word', () => {
    expect(settings).to.include.members([
      'checks.hook.command',
      'checks.dnssec.anchors',
      'checks.protected.records',
      'redis.sentinels',
    ])
    expect(settings.length).to.be.greaterThan(150)
  })

  // A member of a cluster has the settings of a node.
  for (const path of settings.filter((each) => each.startsWith(OF_MEMBERS)).map((each) => each.replace('.members.*', '')))
    it(`of a member is one of a node: ${path}`, () => expect(settings).to.include(path))

  for (const path of settings.filter((each) => !each.startsWith(OF_MEMBERS)))
    it(`is in the example and in the reference: ${path}`, () => {
      const name = path.split('.').at(-1)!
      if (ALTERNATIVES.has(path) || OF_TLS_AND_KEYS.test(path)) expect(EXAMPLE).to.match(new RegExp(`#.*\\b${name}: `))
      else expect(inExample.has(path), 'in config/zonecast.example.yaml').to.equal(true)
      expect(REFERENCE).to.include(path.includes('.') ? `| \`${path}\` |` : `\n## ${path}\n`)
    })
})
