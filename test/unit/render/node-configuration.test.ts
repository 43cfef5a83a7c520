/** The configuration of a node in the words of each make: accepted by the make's own checker, and without a secret. */
import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeCa } from '../../../lab/certificates.js'
import { findProgram, commandOf } from '../../../lab/program.js'
import { complaintsAbout, installRendered, keyCommandsIn, type RenderedKind } from '../../../lab/rendered.js'
import { checkProgram } from '../../../lab/available.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { NodeConfiguration } from '../../../lib/render/node-configuration.js'
import { MAKES, type Make } from '../../../lib/fleet/control-settings.js'
import { type NodeSetup, type Part, tlsFiles } from '../../../lib/render/node-setup.js'
import { isAtLeast, XOT_FROM } from '../../../lib/render/server-version.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NAMES = [
  'example.com.',
  '.',
  '0/25.2.0.192.in-addr.arpa.',
  'quote\\".test.',
  'blank\\032and\\;.test.',
  'back\\\\slash.test.',
  'dollar\\$.test.',
  "apostrophe'.test.",
  'percent%s.test.',
  '*.test.',
  'xn--mgba3a4f16a.test.',
  `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(59)}.`,
  `${'\\000'.repeat(63)}.${'\\001'.repeat(63)}.${'\\002'.repeat(63)}.${'\\003'.repeat(59)}.`,
]

const KEY = { name: 'odd\\"key.example.', algorithm: 'hmac-sha256' }
const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='

const setup = (make: Make, more: Partial<NodeSetup> = {}): NodeSetup => ({
  node: 'ams1',
  make,
  version: undefined,
  folder: undefined,
  listen: [{ ip: '10.1.0.1', port: 53 }],
  sources: ['10.1.0.1'],
  hubs: [{ id: 'hub-east', address: { ip: '10.0.0.5', port: 53 }, senders: ['10.0.0.5'] }],
  key: undefined,
  catalog: undefined,
  control: undefined,
  ...more,
})

/** Two hubs, both families, service addresses, and a key with an odd name. */
const FULL: Partial<NodeSetup> = {
  listen: [
    { ip: '10.1.0.1', port: 5353 },
    { ip: '2001:db8:1::1', port: 5353 },
    { ip: '192.0.2.53', port: 53 },
    { ip: '2001:db8:a::53', port: 53 },
  ],
  sources: ['10.1.0.1', '2001:db8:1::1'],
  hubs: [
    { id: 'hub-east', address: { ip: '10.0.0.5', port: 5300 }, senders: ['10.0.0.5', '10.0.0.15'] },
    { id: 'hub.west', address: { ip: '2001:db8::6', port: 53 }, senders: ['2001:db8::6'] },
  ],
  key: KEY,
}

/** TLS with both hubs, one of them by its key where the make can do that, and a port of its own. */
const secure = (make: Make): Partial<NodeSetup> => ({
  ...FULL,
  hubs: FULL.hubs!.map((hub, i) => ({
    ...hub,
    tls: make === 'knot' && i === 1 ? { name: undefined, pins: [PIN] } : { name: `${hub.id}.example`, pins: [] },
  })),
  tls: { hasCertificate: true, listen: [{ ip: '10.1.0.1', port: 853 }] },
})
const PIN = Buffer.alloc(32, 7).toString('base64')

const AT = { ip: '10.1.0.1', port: 8952 }
const CONTROL: Record<Make, NodeSetup['control']> = {
  nsd: { kind: 'nsd', at: AT },
  bind: { kind: 'bind', at: AT, key: { name: 'rndc-key.', algorithm: 'hmac-sha256' } },
  knot: { kind: 'knot' },
  powerdns: { kind: 'powerdns', at: AT },
}

function render(from: NodeSetup, names: readonly string[] = NAMES, part?: Part): string {
  const text = new NodeConfiguration(from, part)
  const zones = names.map((name) => text.zone({ name: parseZoneName(name), isCatalog: parseZoneName(name) === from.catalog }))
  return text.head + zones.join('')
}

const LAB_KIND = { nsd: 'nsd', knot: 'knot', bind: 'bind', powerdns: 'pdns' } as const
const CHECKER: Record<RenderedKind, string> = {
  nsd: 'nsd-checkconf',
  knot: 'knotc',
  bind: 'named-checkconf',
  pdns: 'pdns_server',
}

describe('the configuration of a node', () => {
  const scratch = scratchDirs()

  for (const make of MAKES) {
    const kind = LAB_KIND[make]

    for (const [what, more] of [
      ['one hub', {}],
      ['two hubs, both families, service addresses and a key', FULL],
      ['a key and a control channel', { ...FULL, control: CONTROL[make] }],
      ['a catalog', { catalog: parseZoneName('nodes.cat.test.') }],
    ] as const)
      it(`is accepted by the checker of ${make}: ${what}`, function () {
        const { version } = checkProgram(kind)
        if (version === undefined || findProgram(CHECKER[kind]) === undefined) return this.skip()
        const folder = scratch()
        const from = setup(make, { ...more, folder, version })
        const text = render(from, [...NAMES, 'nodes.cat.test.'])
        const key = from.key && { name: KEY.name, algorithm: KEY.algorithm, secret: SECRET }
        const controlSecret = from.control?.kind === 'bind' || from.control?.kind === 'powerdns' ? SECRET : undefined
        installRendered({ kind, name: 'ams1', ip: '', port: 0, folder, text, key, controlSecret, probe: '.' })
        expect(complaintsAbout(kind, folder)).to.equal(undefined)
      })

    it(`is accepted by the checker of ${make}: TLS`, async function () {
      const { version } = checkProgram(kind)
      const from = XOT_FROM[make]
      if (version === undefined || from === undefined || !isAtLeast(version, from)) return this.skip()
      const folder = scratch()
      const ca = await makeCa()
      const { cert, key } = await ca.issue('ams1.example')
      const files = tlsFiles(folder)
      for (const [at, file] of [
        [files.ca, ca.file],
        [files.cert, cert],
        [files.key, key],
      ] as const)
        copyFileSync(file, at)
      const text = render(setup(make, { ...secure(make), folder, version }))
      for (const file of Object.values(files)) expect(text).to.include(`#   ${file}`)
      const lab = { name: KEY.name, algorithm: KEY.algorithm, secret: SECRET }
      installRendered({ kind, name: 'ams1', ip: '', port: 0, folder, text, key: lab, probe: '.' })
      expect(complaintsAbout(kind, folder)).to.equal(undefined)
    })

    it(`has no secret, and the command that makes the file of the key for ${make}`, () => {
      const folder = scratch()
      const text = render(setup(make, { ...FULL, folder }))
      expect(text).to.not.include(SECRET)
      const [command] = keyCommandsIn(text)
      const { status, stderr } = spawnSync('sh', ['-c', command!], { input: `${SECRET}\n`, encoding: 'utf8' })
      expect(status, stderr).to.equal(0)
      const [, file] = / > (\S+)\)$/m.exec(command!)!
      expect(file!.startsWith(`${folder}/`)).to.equal(true)
      const shown = spawnSync('sh', ['-c', `stat -c %a ${file}; cat ${file}`], { encoding: 'utf8' }).stdout
      expect(shown).to.match(/^600\n/)
      expect(shown).to.include(SECRET)
      if (make !== 'powerdns') expect(shown).to.include('"odd\\034key.example"')
      expect(text).to.include(file)
    })

    it(`has all in its two parts for ${make}`, () => {
      const [server, zones] = (['server', 'zones'] as const).map((part) => render(setup(make, FULL), ['example.com.'], part))
      const settings = (text: string) =>
        text
          .split('\n')
          .map((line) => line.replace(/^# (?=pdnsutil)/, ''))
          .filter((line) => line !== '' && !line.startsWith('#'))
      const all = settings(render(setup(make, FULL), ['example.com.']))
      expect([...settings(server!), ...settings(zones!)]).to.deep.equal(all)
      expect(server).to.not.include('example.com')
    })
  }

  it('names hubs that the node cannot ask, and the version that TLS needs', () => {
    const text = render(setup('knot', { ...secure('knot'), leftOut: ['hub.north'] }))
    expect(text).to.include('# Hub hub.north is left out: it has no tls in hubs, and this node has.')
    expect(text).to.include('# For Knot 3.5 or newer')
    expect(render(setup('nsd', { leftOut: ['hub.north'] }))).to.include('it serves over TLS, and this node has no tls.')
  })

  it('names the file of each zone once, without a slash, and no longer than a file system allows', () => {
    const text = render(setup('bind'))
    const files = [...text.matchAll(/file "([^"]*)"/g)].map(([, file]) => file!)
    expect(files).to.have.length(NAMES.length)
    expect(new Set(files).size).to.equal(NAMES.length)
    for (const file of files) expect(file).to.match(/^[a-z0-9._=-]{1,255}$/)
    expect(files[0]).to.equal('example.com.zone')
  })

  it('lists the catalog instead of its members', () => {
    const catalog = parseZoneName('nodes.cat.test.')
    for (const make of MAKES) {
      const text = render(setup(make, { catalog }), ['member.test.', 'nodes.cat.test.'])
      expect(text, make).to.not.include('member.test')
      expect(text, make).to.match(
        {
          nsd: /catalog: consumer/,
          knot: /catalog-role: interpret/,
          bind: /catalog-zones/,
          powerdns: /set-kind 'nodes.cat.test' consumer/,
        }[make],
      )
    }
  })

  it('lists the zones, with the reason, where the server cannot consume the catalog', () => {
    const catalog = parseZoneName('nodes.cat.test.')
    for (const [make, more, why] of [
      ['nsd', { version: '4.6.1' }, 'NSD 4.6.1 consumes no catalogs (4.9 does)'],
      ['powerdns', { version: '4.6.2' }, 'PowerDNS 4.6.2 consumes no catalogs (4.7 does)'],
      ['powerdns', { key: KEY }, 'PowerDNS gives members of a catalog no TSIG key'],
      ['bind', { version: '9.16.50' }, 'BIND 9.16.50 does not consume catalogs of RFC 9432 (9.18 does)'],
      ['knot', { version: '2.9.9' }, 'Knot 2.9.9 consumes no catalogs (3.0 does)'],
    ] as const) {
      const text = render(setup(make, { ...more, catalog }), ['member.test.', 'nodes.cat.test.'])
      expect(text, why).to.include(`# ${why}: the zones are listed`)
      expect(text, why).to.include('member.test')
      expect(text, why).to.not.match(/consumer|interpret|catalog-zones/)
    }
  })

  it('is a script for the shell in the part of the zones for PowerDNS', () => {
    const text = render(setup('powerdns', FULL), NAMES, 'zones')
    const { status, stderr } = spawnSync(...commandOf('sh', ['-n']), { input: text, encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
    const run = spawnSync('sh', ['-c', `pdnsutil() { printf '%s\\n' "$*"; }; . ${writeScript(text)}`], { encoding: 'utf8' })
    expect(run.stdout).to.include('create-secondary-zone apostrophe\\039.test 10.0.0.5:5300 [2001:db8::6]:53\n')
  })

  function writeScript(text: string): string {
    const file = join(scratch(), 'zones.sh')
    spawnSync('sh', ['-c', `cat > ${file}`], { input: text })
    return file
  }
})
