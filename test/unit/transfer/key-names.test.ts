/** One key name with two secrets: the sender's address and the MAC select the key (RFC 8945 §5.2). */
import { expect } from 'chai'
import { AnswerVerifier, signRequest } from '../../../lib/dns/tsig.js'
import { FLAG, TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { findTsig, TsigKey } from '../../../lib/dns/tsig-record.js'
import { Fleet, type FleetNode } from '../../../lib/fleet/fleet.js'
import { isAcquainted } from '../../../services/transfer/access.js'
import { readRequest } from '../../../services/transfer/request.js'
import { expectError } from '../../support/expect-error.js'
import { question, rawMessage } from '../../support/raw-message.js'
import { plainQuery, NOW } from '../../support/tsig-maker.js'

const keyOf = (id: string, secret: string, algorithm = 'hmac-sha256') => new TsigKey('axfr.', algorithm, Buffer.from(secret), id)
const A = keyOf('a', 'secret of a')
const B = keyOf('b', 'secret of b')
const C = keyOf('c', 'secret of c', 'hmac-sha512')
const STRANGE = keyOf('strange', 'secret of no peer')

const node = (id: string, ip: string, key: TsigKey): FleetNode => ({
  id,
  cloud: 'A',
  site: undefined,
  paths: [{ id, address: { ip, port: 53 }, key }],
  key,
})
const fleet = new Fleet(
  [],
  [node('n1', '192.0.2.1', A), node('n2', '192.0.2.2', B), node('n3', '192.0.2.2', C)],
  [],
  [{ id: 'A', addresses: [] }],
)

describe('two peers with different keys of one name', () => {
  const read = (key: TsigKey, ip: string) => {
    const { message } = signRequest(key, plainQuery(), NOW)
    return readRequest(message, (name) => fleet.keysNamed(name, ip), NOW)
  }

  for (const [key, ip] of [
    [A, '192.0.2.1'],
    [B, '192.0.2.2'],
    [C, '192.0.2.2'],
  ] as const)
    it(`use ${key.id} at ${ip}`, () => {
      const found = read(key, ip)
      expect(found.kind === 'request' && found.request.key?.id).to.equal(key.id)
      expect(isAcquainted(fleet, ip, key)).to.equal(true)
    })

  for (const [key, ip] of [
    [B, '192.0.2.1'],
    [A, '192.0.2.2'],
    [STRANGE, '192.0.2.2'],
  ] as const)
    it(`RFC 8945 §5.2.2: get BADSIG for the secret of ${key.id} at ${ip}, and no access`, () => {
      const found = read(key, ip)
      if (found.kind !== 'refusal') throw new Error(found.kind)
      expect(findTsig(found.answer())).to.deep.include({ error: TSIG_ERROR.BADSIG })
      // The key of the peer at this address, by its id in the config.
      expect(found.why).to.equal(`TSIG_BAD_MAC (key ${ip === '192.0.2.1' ? 'a' : 'b'})`)
      expect(isAcquainted(fleet, ip, key)).to.equal(false)
    })

  it('RFC 8945 §5.2.1: get BADKEY for an algorithm that no key of the name has there', () => {
    const found = read(keyOf('d', 'secret of a', 'hmac-sha1'), '192.0.2.1')
    if (found.kind !== 'refusal') throw new Error(found.kind)
    expect(findTsig(found.answer())).to.deep.include({ error: TSIG_ERROR.BADKEY })
  })

  it("are named in a message by the key's id in the config", async () => {
    const { mac } = signRequest(B, plainQuery(), NOW)
    const unsigned = rawMessage({ flags: FLAG.QR, questions: [question('example.', 'SOA')] })
    const { message } = await expectError('TSIG_MISSING', () => new AnswerVerifier(B, mac).accept(unsigned, NOW))
    expect(message).to.match(/\(key b\)$/)
  })
})
