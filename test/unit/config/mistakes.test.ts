/** One broken setting at a time: which code, at which line, and what the sentence must hold. */
import { expect } from 'chai'
import type { FindingCode } from '../../../config/errors.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, SOUND, withLine } from './config-text.js'

interface Case {
  id: string
  text: string
  code: FindingCode
  at: string
  says?: RegExp
}

const CASES: Case[] = [
  {
    id: 'an unknown key',
    text: withLine(5, 'primarys:'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '5:1',
    says: /did you mean "primaries"/,
  },
  {
    id: 'an unknown key deeper down',
    text: withLine(6, '  hm1: { adress: 127.0.0.1 }'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '6:10',
    says: /"address"/,
  },
  {
    id: 'an unknown key like no other',
    text: withLine(1, 'frobnicate: 1'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '1:1',
    says: /write one of hub/,
  },
  {
    id: 'a missing key',
    text: withLine(6, '  hm1: { key: hm-key }'),
    code: 'CONFIG_MISSING',
    at: '6:3',
    says: /"address" is missing/,
  },
  { id: 'an empty section', text: withLine(1, 'redis:'), code: 'CONFIG_MISSING', at: '1:1', says: /"redis" is empty/ },
  {
    id: 'a broken address',
    text: withLine(6, '  hm1: { address: 300.1.1.1 }'),
    code: 'CONFIG_VALUE',
    at: '6:19',
    says: /"300.1.1.1".*ip:port/,
  },
  {
    id: 'a host name as address',
    text: withLine(6, '  hm1: { address: hm1.example }'),
    code: 'CONFIG_VALUE',
    at: '6:19',
    says: /not a host name/,
  },
  { id: 'port 0 of a peer', text: withLine(6, '  hm1: { address: 127.0.0.1:0 }'), code: 'CONFIG_VALUE', at: '6:19' },
  { id: 'a number for a name', text: withLine(14, '  - { name: 12 }'), code: 'CONFIG_VALUE', at: '14:13', says: /in quotes/ },
  { id: 'an empty label', text: withLine(14, '  - { name: a..b }'), code: 'CONFIG_VALUE', at: '14:13', says: /a label is empty/ },
  {
    id: 'a name that is too long',
    text: withLine(14, `  - { name: ${'abcdefghi.'.repeat(30)} }`),
    code: 'CONFIG_VALUE',
    at: '14:13',
    says: /255/,
  },
  {
    id: 'a duration without unit',
    text: withLine(1, 'defaults: { stuck: 10 }'),
    code: 'CONFIG_VALUE',
    at: '1:20',
    says: /250ms/,
  },
  {
    id: 'bounds the wrong way round',
    text: withLine(1, 'defaults: { refresh: { min: 2h, max: 1h } }'),
    code: 'CONFIG_VALUE',
    at: '1:13',
  },
  {
    id: 'a list where a map belongs',
    text: withLine(1, 'defaults: []'),
    code: 'CONFIG_VALUE',
    at: '1:11',
    says: /map of settings/,
  },
  { id: 'indentation that does not fit', text: withLine(10, 'nodes: []'), code: 'CONFIG_SYNTAX', at: '11:1' },
  { id: 'a duplicate key', text: withLine(1, 'hub: a', 'hub: b'), code: 'CONFIG_DUPLICATE', at: '2:1', says: /twice/ },
  { id: 'an unclosed bracket', text: withLine(9, '  A: { addresses: [192.0.2.53 }'), code: 'CONFIG_SYNTAX', at: '9:32' },
  {
    id: 'a zone given twice',
    text: withLine(15, '  - { name: EXAMPLE.com. }'),
    code: 'CONFIG_DUPLICATE',
    at: '15:7',
    says: /example\.com\. is here twice/,
  },
  {
    id: 'an unknown primary',
    text: withLine(14, '  - { name: a.example, primaries: [hm1, hm3] }'),
    code: 'CONFIG_DANGLING',
    at: '14:41',
    says: /"hm3".*"hm1", "hm2"/,
  },
  {
    id: 'an unknown cloud of a zone',
    text: withLine(14, '  - { name: a.example, clouds: [Z] }'),
    code: 'CONFIG_DANGLING',
    at: '14:33',
  },
  {
    id: 'an unknown cloud of a node',
    text: withLine(11, '  ams1: { cloud: Z, address: 127.0.0.1:5311 }'),
    code: 'CONFIG_DANGLING',
    at: '11:11',
  },
  {
    id: 'an unknown key of a node',
    text: withLine(11, '  ams1: { cloud: A, address: 127.0.0.1:5311, key: k }'),
    code: 'CONFIG_DANGLING',
    at: '11:46',
  },
  {
    id: 'a primary named twice',
    text: withLine(14, '  - { name: a.example, primaries: [hm1, hm1] }'),
    code: 'CONFIG_DUPLICATE',
    at: '14:41',
  },
  {
    id: 'two primaries at one address with one key',
    text: withLine(7, '  hm2: { address: 127.0.0.1:5301, key: hm-key }'),
    code: 'CONFIG_DUPLICATE',
    at: '7:10',
  },
  {
    id: 'two nodes at one address',
    text: withLine(12, '  lhr1: { cloud: A, address: 127.0.0.1:5311 }'),
    code: 'CONFIG_DUPLICATE',
    at: '12:21',
    says: /node "ams1"/,
  },
  {
    id: 'two spellings of one address',
    text: withLine(12, '  lhr1: { cloud: A, address: "[::ffff:127.0.0.1]:5311" }'),
    code: 'CONFIG_DUPLICATE',
    at: '12:21',
  },
  {
    id: 'a node at the address of a primary',
    text: withLine(12, '  lhr1: { cloud: A, address: 127.0.0.1:5301 }'),
    code: 'CONFIG_DUPLICATE',
    at: '12:21',
  },
  {
    id: 'an anycast control address',
    text: withLine(12, '  lhr1: { cloud: A, address: 192.0.2.53 }'),
    code: 'CONFIG_ANYCAST_CONTROL',
    at: '12:21',
    says: /unicast/,
  },
  { id: 'a node without address', text: withLine(12, '  lhr1: { cloud: A }'), code: 'CONFIG_MISSING', at: '12:3' },
  {
    id: 'an address outside the paths',
    text: withLine(12, '  lhr1: { cloud: A, address: 127.0.0.1:9, paths: [127.0.0.1:8] }'),
    code: 'CONFIG_VALUE',
    at: '12:43',
  },
  {
    id: 'a service address in two clouds',
    text: withLine(9, '  A: { addresses: [192.0.2.53] }', '  B: { addresses: [192.0.2.53] }'),
    code: 'CONFIG_DUPLICATE',
    at: '10:20',
  },
  {
    id: 'an unknown algorithm',
    text: withLine(4, '  hm-key: { algorithm: hmac-sha3, secret: c2VjcmV0 }'),
    code: 'CONFIG_VALUE',
    at: '4:24',
    says: /hmac-sha256/,
  },
  { id: 'a key without secret', text: withLine(4, '  hm-key: { algorithm: hmac-sha256 }'), code: 'CONFIG_MISSING', at: '4:3' },
  {
    id: 'an unreadable secret file',
    text: withLine(4, '  hm-key: { algorithm: hmac-sha256, secretFile: no/such.key }'),
    code: 'CONFIG_SECRET',
    at: '4:37',
    says: /no\/such\.key.*ENOENT/,
  },
  { id: 'an open API', text: withLine(1, 'api: { listen: 0.0.0.0 }'), code: 'CONFIG_OPEN_API', at: '1:8', says: /tokens/ },
  {
    id: 'a token without a hash',
    text: withLine(1, 'api: { tokens: [{ name: a, role: viewer }] }'),
    code: 'CONFIG_MISSING',
    at: '1:17',
    says: /sha256File/,
  },
  {
    id: 'a token with two hashes',
    text: withLine(1, `api: { tokens: [{ name: a, role: viewer, sha256: ${'ab'.repeat(32)}, sha256File: x }] }`),
    code: 'CONFIG_VALUE',
    at: '1:116',
    says: /keep one/,
  },
  {
    id: 'an unreadable file of a hash',
    text: withLine(1, 'api: { tokens: [{ name: a, role: viewer, sha256File: no/such.sha256 }] }'),
    code: 'CONFIG_SECRET',
    at: '1:42',
    says: /no\/such\.sha256.*ENOENT/,
  },
  {
    id: 'a Redis URL of another kind',
    text: withLine(1, 'redis: http://127.0.0.1'),
    code: 'CONFIG_VALUE',
    at: '1:8',
    says: /rediss/,
  },
  {
    id: 'Sentinel without a group',
    text: withLine(1, 'redis: { sentinels: [127.0.0.1] }'),
    code: 'CONFIG_MISSING',
    at: '1:1',
    says: /"name" is missing/,
  },
  {
    id: 'a date that is not in the calendar',
    text: withLine(1, `api: { tokens: [{ name: a, role: viewer, sha256: ${'0'.repeat(64)}, expires: 2027-02-30 }] }`),
    code: 'CONFIG_VALUE',
    at: '1:125',
  },
  {
    id: 'a stage of an unknown cloud',
    text: withLine(1, 'rollout: { stages: [ { nodes: [ams1] }, { cloud: Z } ] }'),
    code: 'CONFIG_DANGLING',
    at: '1:43',
  },
  {
    id: 'a stage of an unknown node',
    text: withLine(1, 'rollout: { stages: [ { nodes: [ams9] } ] }'),
    code: 'CONFIG_DANGLING',
    at: '1:32',
    says: /there is no node "ams9"/,
  },
  {
    id: 'a stage of nobody',
    text: withLine(1, 'rollout: { stages: [ { soak: 30s } ] }'),
    code: 'CONFIG_VALUE',
    at: '1:22',
    says: /a stage needs nodes/,
  },
  {
    id: 'a share of no cloud',
    text: withLine(1, 'rollout: { stages: [ { nodes: [ams1], percent: 5 } ] }'),
    code: 'CONFIG_VALUE',
    at: '1:48',
  },
  {
    id: 'a mode that is none',
    text: withLine(1, 'checks: { shrink: maybe }'),
    code: 'CONFIG_VALUE',
    at: '1:19',
    says: /off, warn, hold/,
  },
  {
    id: 'TLS towards a primary',
    text: withLine(7, '  hm2: { address: 127.0.0.1:5302, tls: { name: a } }'),
    code: 'CONFIG_UNSUPPORTED',
    at: '7:35',
  },
  {
    id: 'TLS in the transfer server',
    text: withLine(2, 'transfer: { listen: [127.0.0.1:5300], tls: {} }'),
    code: 'CONFIG_UNSUPPORTED',
    at: '2:39',
  },
  { id: 'catalogs', text: withLine(1, 'catalogs: []'), code: 'CONFIG_UNSUPPORTED', at: '1:1' },
]

describe('a mistake in the config', () => {
  const scratch = scratchDirs()

  it('is in none of the sound ones', () => {
    expect(checkText(scratch(), SOUND).findings).to.deep.equal([])
    expect(checkText(scratch(), withLine(1, 'checks: {}')).findings).to.deep.equal([])
  })

  it('is not in two primaries at one address with different keys', () => {
    expect(checkText(scratch(), withLine(7, '  hm2: { address: 127.0.0.1:5301 }')).findings).to.deep.equal([])
  })

  for (const { id, text, code, at, says } of CASES) {
    it(`is told with its place: ${id}`, () => {
      const { config, findings } = checkText(scratch(), text)
      const found = findings.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}`)
      expect(config, found.join('\n')).to.equal(undefined)
      const hit = findings.find((f) => f.code === code && `${f.line}:${f.column}` === at)
      expect(hit, `${code} at ${at} in\n${found.join('\n')}`).to.not.equal(undefined)
      if (says !== undefined) expect(hit?.message).to.match(says)
    })
  }
})
