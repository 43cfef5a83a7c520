/** TSIG on answers, one and many: the order of signatures, and the answers that a client accepts (RFC 8945 §5.3, §5.4). */
import { expect } from 'chai'
import { TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { AnswerSigner, AnswerVerifier, appendTsigError, MAX_UNSIGNED_RUN } from '../../../lib/dns/tsig.js'
import { findTsig, TsigKey } from '../../../lib/dns/tsig-record.js'
import { expectError } from '../../support/expect-error.js'
import { judgeRequest, NOW, plainQuery, signAnswers, signBy, signed, testKey } from '../../support/tsig-maker.js'

const KEY = testKey()
const REQUEST = signed(KEY)
const plainAnswers = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => plainQuery({ id: i + 1, flags: 0x8400 }))

function take(messages: readonly Buffer[], now = NOW): boolean {
  const verifier = new AnswerVerifier(KEY, REQUEST.mac)
  for (const message of messages) verifier.accept(message, now)
  return verifier.complete
}

describe('a signed answer', () => {
  for (const algorithm of ['hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
    it(`RFC 8945 §5.3.1: with ${algorithm} is a chain: each signature covers the one before`, () => {
      const key = testKey(algorithm)
      const request = signed(key)
      const signer = new AnswerSigner(key, request.mac)
      const verifier = new AnswerVerifier(key, request.mac)
      for (const message of plainAnswers(5)) {
        expect(verifier.accept(signer.sign(message, NOW), NOW)).to.equal(true)
        expect(verifier.complete).to.equal(true)
      }
    })

  it('RFC 8945 §5.3.1: is the same from the signer as from a separate computation', () => {
    const signer = new AnswerSigner(KEY, REQUEST.mac)
    const ours = plainAnswers(3).map((message) => signer.sign(message, NOW).toString('hex'))
    expect(ours).to.deep.equal(signAnswers(KEY, REQUEST.mac, plainAnswers(3)).map((message) => message.toString('hex')))
  })

  const SECRETS = [1, 63, 64, 65, 127, 128, 129, 300]
  for (const algorithm of ['hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
    it(`RFC 2104 §2: with ${algorithm} verifies for secrets of any length, also for two transfers that share a buffer`, () => {
      for (const octets of SECRETS) {
        const key = new TsigKey('key.example.', algorithm, Buffer.alloc(octets, 0x5a))
        const macs = [signed(key).mac, signed(key, plainQuery({ id: 9 })).mac]
        const expected = macs.map((mac) => signAnswers(key, mac, plainAnswers(3)))
        const signers = macs.map((mac) => new AnswerSigner(key, mac))
        const room = signers[0]!.roomBefore
        const out = Buffer.alloc(4096, 0xee)
        const places: { at: number; end: number; wanted: Buffer }[] = []
        let at = room
        for (const [i, message] of plainAnswers(3).entries())
          for (const [n, signer] of signers.entries()) {
            message.copy(out, at)
            const length = signer.signInPlace(out, at, message.length, NOW)
            places.push({ at, end: at + length, wanted: expected[n]![i]! })
            at += length
          }
        // The octets in front of a message are unchanged, another message among them.
        for (const place of places) expect(out.toString('hex', place.at, place.end)).to.equal(place.wanted.toString('hex'))
        expect(out.subarray(0, room).every((octet) => octet === 0xee)).to.equal(true)
      }
    })

  it('has the time of its own second', () => {
    const verifier = new AnswerVerifier(KEY, REQUEST.mac)
    const signer = new AnswerSigner(KEY, REQUEST.mac)
    for (const [i, now] of [NOW, NOW, NOW + 1, NOW + 60].entries()) {
      const message = signer.sign(plainQuery({ id: i, flags: 0x8400 }), now)
      expect(verifier.accept(message, now)).to.equal(true)
      expect(findTsig(message)?.time).to.equal(now)
    }
  })

  const [one, two, three] = signAnswers(KEY, REQUEST.mac, plainAnswers(3)) as [Buffer, Buffer, Buffer]
  const BROKEN: readonly (readonly [id: string, messages: readonly Buffer[]])[] = [
    ['out of order', [two, one, three]],
    ['with one left out', [one, three]],
    ['with one twice', [one, one, two]],
    ['from another conversation', signAnswers(KEY, Buffer.alloc(32), plainAnswers(1))],
    ['with the first one signed like a later one', [signAnswers(KEY, REQUEST.mac, plainAnswers(2))[1]!]],
  ]
  for (const [id, messages] of BROKEN)
    it(`RFC 8945 §5.3.1: in a chain ${id} is refused`, async () => {
      await expectError('TSIG_BAD_MAC', () => take(messages))
    })

  it('RFC 8945 §5.3: is required when the question was signed', async () => {
    await expectError('TSIG_MISSING', () => take([plainQuery({ flags: 0x8400 })]))
  })

  it('is refused with another key or algorithm than in the question', async () => {
    for (const key of [testKey('hmac-sha256', 'other.example.'), testKey('hmac-sha384')])
      await expectError('TSIG_UNKNOWN_KEY', () => take(signAnswers(key, REQUEST.mac, plainAnswers(1))), { key: key.name })
  })

  it('is refused with a truncated MAC: the question had a complete one', async () => {
    const message = signBy(KEY, plainQuery({ flags: 0x8400 }), { mac: (whole) => whole.subarray(0, 16) })
    await expectError('TSIG_BAD_TRUNCATION', () => take([message]))
  })

  it('RFC 8945 §5.2.3: is refused with a time outside the fudge, in the middle of a transfer too', async () => {
    const chain = signAnswers(KEY, REQUEST.mac, plainAnswers(2))
    expect(take(chain, NOW + 300)).to.equal(true)
    const verifier = new AnswerVerifier(KEY, REQUEST.mac)
    verifier.accept(chain[0]!, NOW)
    await expectError('TSIG_BAD_TIME', () => verifier.accept(chain[1]!, NOW + 301), { differenceSeconds: 301 })
  })
})

describe('unsigned answers between signed ones', () => {
  const run = (length: number): Buffer[] =>
    signAnswers(KEY, REQUEST.mac, plainAnswers(length + 2), (i) => i === 0 || i === length + 1)

  for (const length of [1, 2, MAX_UNSIGNED_RUN])
    it(`RFC 8945 §5.3.1: are accepted in a run of ${length} when the next one signs for them`, () => {
      expect(take(run(length))).to.equal(true)
    })

  it('RFC 8945 §5.3.1: are refused in a run of 100', async () => {
    await expectError('TSIG_GAP_TOO_LONG', () => take(run(MAX_UNSIGNED_RUN + 1)), { messages: 100 })
  })

  it('RFC 8945 §5.3.1: are accepted in many runs of 99', () => {
    const messages = plainAnswers(1001)
    expect(take(signAnswers(KEY, REQUEST.mac, messages, (i) => i % 100 === 0))).to.equal(true)
  })

  it('RFC 8945 §5.3.1: are refused at the end', () => {
    const verifier = new AnswerVerifier(KEY, REQUEST.mac)
    const chain = run(3)
    for (const [i, message] of chain.slice(0, -1).entries()) {
      expect(verifier.accept(message, NOW), `message ${i}`).to.equal(i === 0)
      expect(verifier.complete, `message ${i}`).to.equal(i === 0)
    }
    verifier.accept(chain.at(-1)!, NOW)
    expect(verifier.complete).to.equal(true)
  })

  it('are covered octet by octet: a change, a move or a gap is refused', async () => {
    const chain = run(3)
    const changed = chain.map((message) => Buffer.from(message))
    changed[2]![3]! ^= 1
    for (const messages of [changed, [chain[0]!, chain[2]!, chain[1]!, ...chain.slice(3)], [chain[0]!, ...chain.slice(2)]])
      await expectError('TSIG_BAD_MAC', () => take(messages))
  })
})

describe('an answer that reports a TSIG error', () => {
  const bare = plainQuery({ id: 0x1234, flags: 0x8009 })
  const request = findTsig(REQUEST.message)!

  for (const [name, error] of Object.entries({ BADKEY: TSIG_ERROR.BADKEY, BADSIG: TSIG_ERROR.BADSIG }))
    it(`RFC 8945 §5.2.1, §5.2.2: has no MAC for ${name}, and the time of the question`, async () => {
      const message = appendTsigError(bare, request, error)
      expect(findTsig(message)).to.deep.include({ error, time: NOW, fudge: 300, originalId: 0x1234 })
      expect(findTsig(message)!.mac.length).to.equal(0)
      await expectError('TSIG_REFUSED_BY_PEER', () => take([message]), { error })
    })

  it("RFC 8945 §5.2.3: is signed for BADTIME, with the time of the question and the server's clock behind it", async () => {
    const late = signBy(KEY, plainQuery(), { time: NOW - 1000 })
    const verdict = judgeRequest(late, () => KEY, NOW)
    if (verdict.kind !== 'refused') throw new Error('it is late')
    const message = new AnswerSigner(KEY, verdict.tsig.mac).signError(bare, verdict.tsig, TSIG_ERROR.BADTIME, NOW)
    const tsig = findTsig(message)!
    expect(tsig).to.deep.include({ error: TSIG_ERROR.BADTIME, time: NOW - 1000 })
    expect(tsig.other.readUIntBE(0, 6)).to.equal(NOW)
    const verifier = new AnswerVerifier(KEY, verdict.tsig.mac)
    await expectError('TSIG_BAD_TIME', () => verifier.accept(message, NOW - 1000), { differenceSeconds: -1000 })
  })

  it('RFC 8945 §5.3.2: is signed for BADTRUNC, and accepted', async () => {
    const message = new AnswerSigner(KEY, REQUEST.mac).signError(bare, request, TSIG_ERROR.BADTRUNC, NOW)
    expect(findTsig(message)!.mac.length).to.equal(32)
    await expectError('TSIG_REFUSED_BY_PEER', () => take([message]), { error: TSIG_ERROR.BADTRUNC })
  })

  it('is refused for BADTIME with a forged MAC', async () => {
    const message = new AnswerSigner(testKey('hmac-sha256', 'key.example.'), Buffer.alloc(32)).signError(
      bare,
      request,
      TSIG_ERROR.BADTIME,
      NOW,
    )
    await expectError('TSIG_BAD_MAC', () => take([message]))
  })
})
