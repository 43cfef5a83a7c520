/** Words of control channels: zone names in commands, facts in answers, sentences for operators. */
import { expect } from 'chai'
import { byHand, forceLine } from '../../../lib/control/by-hand.js'
import { FailureWriter, peerWords } from '../../../lib/control/control.js'
import { factsIn, serialIn } from '../../../lib/control/nsd.js'
import { zoneId } from '../../../lib/control/powerdns.js'
import { plainZone, wordOf } from '../../../lib/control/zone-words.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { isSameControl } from '../../../lib/fleet/control-settings.js'
import { controlConversation } from '../../support/control-conversation.js'

const zone = parseZoneName

describe('a zone name in a command', () => {
  it('is one word without the final dot', () => {
    expect(plainZone(zone('Example.COM'))).to.equal('example.com')
    expect(plainZone(zone('0/25.2.0.192.in-addr.arpa'))).to.equal('0/25.2.0.192.in-addr.arpa')
    expect(plainZone(zone('_msdcs.example'))).to.equal('_msdcs.example')
    expect(plainZone(zone('.'))).to.equal('.')
  })

  it('is refused when it could be read as something else', () => {
    for (const text of ['a\\032b.example', 'a\\;b.example', '-x.example', 'a"b.example', 'a\\010b.example', 'a{b.example'])
      expect(plainZone(zone(text)), text).to.equal(undefined)
    for (const text of ['a b', '', 'x"', '-a', 'x;y', `${'a'.repeat(64)}`]) expect(wordOf(text), text).to.equal(undefined)
  })

  it('is escaped in a URL of PowerDNS', () => {
    expect(zoneId(zone('example.com'))).to.equal('example.com.')
    expect(zoneId(zone('0/25.example'))).to.equal('0=2F25.example.')
    expect(zoneId(zone('_tcp.example'))).to.equal('=5Ftcp.example.')
    expect(zoneId(zone('.'))).to.equal('=2E')
  })
})

describe('the answers of nsd-control', () => {
  const text = (name: string): string => controlConversation(name).answered[0]!.toString('latin1')

  it('are facts by name', () => {
    expect(factsIn(text('nsd-status')).version).to.match(/^\d+\.\d+\.\d+$/)
    const status = factsIn(text('nsd-zonestatus'))
    expect(status.state).to.equal('ok')
    expect(serialIn(status['served-serial'])).to.equal(1)
    const stats = factsIn(text('nsd-stats'))
    expect(stats['zone.secondary'] ?? stats['zone.slave']).to.equal('1')
  })

  it('have no serial while nothing is served, and none above 32 bits', () => {
    for (const odd of [undefined, '', 'none', '4294967296 since x', '99999999999']) expect(serialIn(odd)).to.equal(undefined)
    expect(serialIn('4294967295 since x')).to.equal(4294967295)
  })
})

describe('the command that an operator runs', () => {
  it('is that of the make of the node', () => {
    expect(forceLine('knot', zone('example.com'))).to.equal('knotc zone-retransfer example.com')
    expect(forceLine('nsd', zone("it's.example"))).to.equal("nsd-control force_transfer 'it'\\''s.example'")
  })

  it('is one of four while the make is not known', () => {
    expect(byHand('ams1', undefined, zone('example.com'))).to.equal(
      'ams1 has no control channel: run "nsd-control force_transfer example.com", or "rndc retransfer example.com", or "pdns_control retrieve example.com", or "knotc zone-retransfer example.com" on ams1, or configure "control" for it',
    )
  })
})

describe('the words of a peer', () => {
  it('are one safe line of limited length', () => {
    expect(peerWords('a\n\u001b[31mb\n')).to.equal('a; ?[31mb')
    expect(peerWords('x'.repeat(10_000)).length).to.be.lessThan(400)
  })

  it('are read once, however many blanks they have', () => {
    const blanks = ' '.repeat(1 << 20)
    expect(factsIn(`a: x${blanks}y`).a).to.have.length(blanks.length + 2)
    expect(peerWords(`a${'\n'.repeat(1 << 20)}b`)).to.equal('a')
    const { error, kind } = new FailureWriter('ams1', 'rndc at 192.0.2.1:953').refused('', 'do this')
    expect([kind, error]).to.deep.equal(['refused', 'ams1: rndc at 192.0.2.1:953 refuses: no reason (do this)'])
  })
})

describe('the settings of two control channels', () => {
  const key = (octet: number) => ({ id: 'k', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, octet) })
  const address = { ip: '192.0.2.1', port: 953 }

  it('are the same only with the same secret', () => {
    expect(
      isSameControl({ kind: 'bind', address, key: key(1) }, { kind: 'bind', address: { ...address }, key: key(1) }),
    ).to.equal(true)
    expect(isSameControl({ kind: 'bind', address, key: key(1) }, { kind: 'bind', address, key: key(2) })).to.equal(false)
    expect(isSameControl({ kind: 'knot', path: '/a' }, { kind: 'knot', path: '/b' })).to.equal(false)
    expect(isSameControl(undefined, { kind: 'knot', path: '/b' })).to.equal(false)
    expect(isSameControl(undefined, undefined)).to.equal(true)
  })
})
