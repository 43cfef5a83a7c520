/** TSIG against signatures of Knot, BIND, NSD, dig and kdig (test/fixtures/messages); RFC 8945 has no vectors. */
import { expect } from 'chai'
import { TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { AnswerVerifier, signRequest } from '../../../lib/dns/tsig.js'
import { findTsig, TsigKey } from '../../../lib/dns/tsig-record.js'
import { answersIn, type Conversation, conversationNames, readConversation, requestIn } from '../../support/conversation.js'
import { expectError } from '../../support/expect-error.js'
import { judgeRequest } from '../../support/tsig-maker.js'

const ALL = conversationNames()
  .map(readConversation)
  .filter(({ key }) => key !== undefined)
const GOOD = ALL.filter(({ name }) => /^(soa|axfr|ixfr|notify)-/.test(name) && name !== 'axfr-foreign-knot')
const named = (name: string): Conversation => ALL.find((conversation) => conversation.name === name)!
const keysOf =
  ({ key }: Conversation) =>
  (name: Buffer): TsigKey | undefined =>
    key!.wireName.equals(name) ? key : undefined

function verifierOf(conversation: Conversation): AnswerVerifier {
  return new AnswerVerifier(conversation.key!, findTsig(requestIn(conversation))!.mac)
}

describe('TSIG of real programs', () => {
  it('is tested with every algorithm in dig, kdig, BIND and Knot', () => {
    const algorithms = new Set(GOOD.flatMap(({ name }) => /^soa-(hmac-[^-]+)-/.exec(name)?.[1] ?? []))
    expect([...algorithms].sort()).to.deep.equal([
      'hmac-md5',
      'hmac-sha1',
      'hmac-sha224',
      'hmac-sha256',
      'hmac-sha384',
      'hmac-sha512',
    ])
  })

  for (const conversation of GOOD)
    it(`RFC 8945 §5: verifies in ${conversation.name}, question and answers`, () => {
      const verdict = judgeRequest(requestIn(conversation), keysOf(conversation), conversation.time)
      expect(verdict.kind).to.equal('verified')
      const answers = answersIn(conversation)
      if (answers.length === 0) return
      const verifier = verifierOf(conversation)
      for (const answer of answers) verifier.accept(answer, conversation.time)
      expect(verifier.complete).to.equal(true)
    })

  it('RFC 8945 §5.3.1: is on every message of a transfer from each of three servers', () => {
    for (const name of ['axfr-bind', 'axfr-knot', 'axfr-nsd'])
      for (const answer of answersIn(named(name))) expect(findTsig(answer), name).to.not.equal(undefined)
  })

  it('RFC 8945 §5.3: is required on an answer: Knot sends none for a zone that it does not have', async () => {
    const conversation = named('axfr-foreign-knot')
    await expectError('TSIG_MISSING', () => verifierOf(conversation).accept(answersIn(conversation)[0]!, conversation.time))
  })

  it('has the same octets from Zonecast as from dig', () => {
    for (const conversation of GOOD.filter(({ name }) => /^soa-.*-bind$/.test(name))) {
      const theirs = requestIn(conversation)
      const tsig = findTsig(theirs)!
      const bare = Buffer.from(theirs.subarray(0, tsig.start))
      bare.writeUInt16BE(0, 10)
      const { message, mac } = signRequest(conversation.key!, bare, tsig.time)
      expect(mac.equals(tsig.mac), conversation.name).to.equal(true)
      // dig keeps the letter case of the key's name, Zonecast writes lower case: only the digest depends on it (RFC 8945 §4.3.3).
      expect(message.length).to.equal(theirs.length)
    }
  })

  it('does not verify with any octet changed, except those that a forwarder may change', async () => {
    const conversation = named('soa-hmac-sha256-bind')
    const request = requestIn(conversation)
    const keyName = findTsig(request)!.start
    for (let at = 0; at < request.length; at++) {
      const changed = Buffer.from(request)
      changed[at]! ^= 0x01
      let outcome: string
      try {
        const verdict = judgeRequest(changed, keysOf(conversation), conversation.time)
        outcome = verdict.kind
      } catch (error) {
        outcome = (error as { code: string }).code
      }
      // RFC 8945 §5.3: a forwarder may change the id.
      if (at < 2) expect(outcome, `octet ${at}`).to.equal('verified')
      else expect(outcome, `octet ${at} of ${keyName}`).to.match(/^(refused|unsigned|TSIG_MISPLACED|WIRE_.*)$/)
    }
  })

  it('does not verify with any octet of an answer changed', async () => {
    const conversation = named('soa-hmac-sha512-knot')
    const [answer] = answersIn(conversation)
    const original = findTsig(answer!)!
    for (let at = 2; at < answer!.length; at++) {
      const changed = Buffer.from(answer!)
      changed[at]! ^= 0x01
      let complete = false
      try {
        const verifier = verifierOf(conversation)
        verifier.accept(changed, conversation.time)
        complete = verifier.complete
      } catch (error) {
        expect((error as { code: string }).code, `octet ${at}`).to.match(/^(TSIG|WIRE)_/)
      }
      expect(complete, `octet ${at}, TSIG at ${original.start}`).to.equal(false)
    }
  })
})

describe('TSIG errors of real programs', () => {
  for (const make of ['bind', 'knot', 'nsd']) {
    it(`RFC 8945 §5.4: of ${make} are reported as BADSIG and BADKEY`, async () => {
      for (const [name, error] of [
        [`badsig-${make}`, TSIG_ERROR.BADSIG],
        [`badkey-${make}`, TSIG_ERROR.BADKEY],
      ] as const) {
        const conversation = named(name)
        const accept = () => verifierOf(conversation).accept(answersIn(conversation)[0]!, conversation.time)
        await expectError('TSIG_REFUSED_BY_PEER', accept, { error })
      }
    })
  }

  for (const make of ['bind', 'knot'])
    it(`RFC 8945 §5.2.3: of ${make} are signed for BADTIME, and contain its clock`, async () => {
      const conversation = named(`badtime-${make}`)
      const ourClock = findTsig(requestIn(conversation))!.time
      const accept = () => verifierOf(conversation).accept(answersIn(conversation)[0]!, ourClock)
      const error = await expectError('TSIG_BAD_TIME', accept)
      expect((error.fault as unknown as { differenceSeconds: number }).differenceSeconds).to.be.within(-3610, -3590)
      expect(error.nextMove).to.equal('next-primary')
    })

  it('of NSD are unsigned for BADTIME, so they are not proof', async () => {
    const conversation = named('badtime-nsd')
    const accept = () => verifierOf(conversation).accept(answersIn(conversation)[0]!, conversation.time)
    await expectError('TSIG_REFUSED_BY_PEER', accept, { error: TSIG_ERROR.BADTIME })
  })

  it('are the same as those of Zonecast', () => {
    const key = named('axfr-bind').key!
    const keys = (name: Buffer): TsigKey | undefined => (key.wireName.equals(name) ? key : undefined)
    for (const [name, error] of [
      ['badsig-bind', TSIG_ERROR.BADSIG],
      ['badkey-bind', TSIG_ERROR.BADKEY],
      ['badtime-bind', TSIG_ERROR.BADTIME],
    ] as const) {
      const conversation = named(name)
      const verdict = judgeRequest(requestIn(conversation), keys, conversation.time)
      expect(verdict, name).to.deep.include({ kind: 'refused', error })
    }
  })
})

describe('the HMACs', () => {
  // RFC 4231 §4.2 (SHA-2) and RFC 2202 §2, §3 (MD5, SHA-1), test case 1: key of 0x0b octets, data "Hi There".
  const VECTORS: readonly (readonly [algorithm: string, keyOctets: number, mac: string])[] = [
    ['hmac-md5', 16, '9294727a3638bb1c13f48ef8158bfc9d'],
    ['hmac-sha1', 20, 'b617318655057264e28bc0b6fb378c8ef146be00'],
    ['hmac-sha224', 20, '896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22'],
    ['hmac-sha256', 20, 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['hmac-sha384', 20, 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6'],
    [
      'hmac-sha512',
      20,
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ],
  ]
  for (const [algorithm, keyOctets, mac] of VECTORS)
    it(`RFC 8945 §6: have ${mac.length / 2} octets with ${algorithm}, those of RFC 2202 and RFC 4231`, () => {
      const key = new TsigKey('k.', algorithm, Buffer.alloc(keyOctets, 0x0b))
      expect(key.macOctets).to.equal(mac.length / 2)
      expect(key.hmac().update('Hi There').digest('hex')).to.equal(mac)
    })

  it('have no other algorithm', async () => {
    for (const algorithm of ['gss-tsig', 'hmac-sha256-128', '', 'sha256'])
      await expectError('TSIG_UNSUPPORTED', () => new TsigKey('k.', algorithm, Buffer.alloc(16)), { algorithm })
  })
})
