/** A complete refresh: the queries to each primary, and the zone after a failure. Transfers come from a list. */
import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { expectError } from '../../support/expect-error.js'
import { A, B, FROM_1_TO_2, NS, PRIMARIES, REFUSED, RefreshAnswers, V1, V2 } from '../../support/refresh-answers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { LIMITS, type ScriptedMessage, soa, textsOf } from '../../support/transfer-script.js'

describe('a refresh', () => {
  const scratch = scratchDirs()
  const fresh = (): RefreshAnswers => new RefreshAnswers(scratch())
  /** A scene with version 1. */
  const holding = async (): Promise<RefreshAnswers> => {
    const scene = fresh()
    await scene.refresh({ 'hm1 axfr': V1 })
    return scene
  }

  it('of a zone without a version transfers it by AXFR from the first primary', async () => {
    const scene = fresh()
    const outcome = await scene.refresh({ 'hm1 axfr': V1, 'hm2 axfr': V2 })
    expect(outcome).to.deep.include({ kind: 'committed', primary: PRIMARIES[0] })
    expect([scene.asked, scene.serial]).to.deep.equal([['hm1 axfr'], 1])
    expect(scene.stored.latest).to.deep.include({ seenAt: 1, committedAt: 2, releasedAt: 2, from: 'hm1', kind: 'axfr' })
  })

  it('RFC 1995 §2: of a zone with a version transfers it by IXFR', async () => {
    const scene = await holding()
    await scene.refresh({ 'hm1 ixfr': FROM_1_TO_2 })
    expect([scene.asked, scene.serial, scene.stored.latest!.kind]).to.deep.equal([['hm1 ixfr'], 2, 'ixfr'])
    expect(textsOf(await scene.stored.contents()).length).to.equal(3)
  })

  it('changes nothing when no serial is newer', async () => {
    const scene = await holding()
    expect((await scene.refresh({ 'hm1 ixfr': 'S1' })).kind).to.equal('up-to-date')
    expect([scene.asked, scene.serial, scene.stored.versions.length]).to.deep.equal([['hm1 ixfr'], 1, 1])
  })

  const FALLBACKS: readonly (readonly [id: string, then: string, ixfr: ScriptedMessage])[] = [
    ['RFC 1995 §4: is refused', 'hm1 axfr', REFUSED],
    ['RFC 1995 §4: is not implemented', 'hm1 axfr', { flags: 0x8004 }],
    ['ends early', 'hm1 axfr', `S2\nS1\n${A}`],
    ['begins at another serial', 'hm1 axfr', 'S3\nS2\nS3\nS3'],
    ['removes a missing record', 'hm1 axfr', `S2\nS1\n${B}\nS2\n${A}\nS2`],
    ['leaves the SOA alone', 'hm1 axfr', `S2\nS1\n${A}\n${NS}\nS2\nS2`],
    ['is no message', 'hm1 axfr', Buffer.alloc(11)],
  ]
  for (const [id, then, ixfr] of FALLBACKS)
    it(`by IXFR that ${id} is followed by ${then}`, async () => {
      const scene = await holding()
      await scene.refresh({ 'hm1 ixfr': ixfr, 'hm1 axfr': V2, 'hm2 ixfr': FROM_1_TO_2 })
      expect([scene.asked, scene.serial]).to.deep.equal([['hm1 ixfr', then], 2])
    })

  it('asks the next primary when one cannot send the zone', async () => {
    const scene = await holding()
    await scene.refresh({ 'hm1 ixfr': REFUSED, 'hm1 axfr': REFUSED, 'hm2 axfr': V2 })
    expect([scene.asked, scene.serial, scene.stored.latest!.from]).to.deep.equal([['hm1 ixfr', 'hm1 axfr', 'hm2 axfr'], 2, 'hm2'])
  })

  it('by order of the operator uses AXFR, whatever the current version', async () => {
    const scene = await holding()
    await scene.refresh({ 'hm1 axfr': V2 }, { forceAxfr: true })
    expect([scene.asked, scene.serial]).to.deep.equal([['hm1 axfr'], 2])
  })

  it('by order of the operator changes nothing when no serial is newer', async () => {
    const scene = await holding()
    expect((await scene.refresh({ 'hm1 axfr': V1 }, { forceAxfr: true })).kind).to.equal('up-to-date')
    expect(scene.stored.versions.length).to.equal(1)
  })

  it('RFC 1034 §4.3.5: of an expired zone accepts an older serial too', async () => {
    const scene = await holding()
    await scene.refresh({ 'hm1 axfr': V2 }, { forceAxfr: true })
    await scene.refresh({ 'hm1 axfr': V1 }, { expired: true })
    expect(scene.serial).to.equal(1)
  })

  const FAILURES: readonly (readonly [id: string, code: string, axfr: ScriptedMessage])[] = [
    ['an older serial', 'XFR_OLDER', `S0\n${NS}\n${B}\nS0`],
    [
      'RFC 1982 §3.2: a serial without order to the current one',
      'XFR_OLDER',
      [soa(0x80000001), NS, B, soa(0x80000001)].join('\n'),
    ],
    ['a zone of the SOA alone', 'ZONE_EMPTY', 'S2\nS2'],
    ['another serial at its end', 'XFR_SERIAL_MISMATCH', `S2\n${NS}\nS3`],
    ['an early end', 'XFR_ENDED_EARLY', `S2\n${NS}`],
    ['SERVFAIL', 'XFR_RCODE', { flags: 0x8002 }],
    ['no record', 'XFR_EMPTY_ANSWER', ''],
  ]
  for (const [id, code, axfr] of FAILURES)
    it(`with ${id} is an error, and keeps the current version: ${code}`, async () => {
      const scene = await holding()
      const before = {
        latest: scene.stored.latest,
        texts: textsOf(await scene.stored.contents()),
        files: readdirSync(scene.directory),
      }
      await expectError(code, () => scene.refresh({ 'hm1 axfr': axfr, 'hm2 axfr': axfr }, { forceAxfr: true }))
      expect(scene.stored.latest).to.equal(before.latest)
      expect(textsOf(await scene.stored.contents())).to.deep.equal(before.texts)
      expect(readdirSync(scene.directory)).to.deep.equal(before.files)
    })

  it('with a conflicting version keeps both, and an operator chooses', async () => {
    const scene = await holding()
    const { latest } = scene.stored
    await expectError('STORE_CONFLICT', () => scene.refresh({ 'hm1 axfr': `S1\n${NS}\n${B}\nS1` }, { forceAxfr: true }))
    expect(scene.stored.latest).to.equal(latest)
    const [conflicting] = scene.stored.conflicting.list
    expect(conflicting).to.include({ serial: 1, from: 'hm1' })
    expect(textsOf(await scene.stored.conflicting.contentsOf(conflicting!)).join()).to.include('b.example.')
  })

  it('is an error when the zone exceeds its limit', async () => {
    const scene = await holding()
    const one = { limits: { ...LIMITS, records: 5 }, primaries: [PRIMARIES[0]!] }
    await scene.refresh({ 'hm1 ixfr': `S2\nS1\nS2\n${B}\nS2` }, one)
    const grown = 'S3\nS2\nS3\nc.example. 60 A 192.0.2.3\nd.example. 60 A 192.0.2.4\nS3'
    await expectError('ZONE_TOO_LARGE', () => scene.refresh({ 'hm1 ixfr': grown }, one))
    expect(scene.serial).to.equal(2)
  })

  it('without a usable primary reports the last reason', async () => {
    const scene = await holding()
    await expectError('TRANSPORT_REFUSED', () => scene.refresh({ 'hm1 ixfr': REFUSED, 'hm1 axfr': REFUSED }))
    expect(scene.asked).to.deep.equal(['hm1 ixfr', 'hm1 axfr', 'hm2 axfr'])
  })

  describe('uses AXFR, because an IXFR may not fit,', () => {
    const V3 = `S3\n${NS}\n${A}\n${B}\nS3`
    const whole = async (scene: RefreshAnswers, id: 'hm1' | 'hm2'): Promise<void> => {
      await scene.refresh(
        { [`${id} ixfr`]: FROM_1_TO_2, [`${id} axfr`]: V3 },
        { primaries: PRIMARIES.filter((one) => one.id === id) },
      )
      expect([scene.asked, scene.serial]).to.deep.equal([[`${id} axfr`], 3])
    }

    it('from a primary that was restored since it sent the version', async () => {
      const scene = await holding()
      scene.cells.hm1 = { brokenAt: 3 }
      await whole(scene, 'hm1')
    })

    it('from a primary whose content was never compared', async () => {
      await whole(await holding(), 'hm2')
    })

    it('while a conflicting version is kept, and thereby ends the conflict', async () => {
      const scene = await holding()
      await expectError('STORE_CONFLICT', () =>
        scene.refresh({ 'hm2 axfr': `S1\n${NS}\n${B}\nS1` }, { forceAxfr: true, primaries: [PRIMARIES[1]!] }),
      )
      await whole(scene, 'hm1')
      expect(scene.stored.conflicting.list).to.deep.equal([])
    })

    it('after an IXFR that failed, once only', async () => {
      const scene = await holding()
      await expectError('TRANSPORT_REFUSED', () => scene.refresh({ 'hm1 ixfr': 'S3\nS2\nS3\nS3' }))
      expect(scene.asked.slice(0, 2)).to.deep.equal(['hm1 ixfr', 'hm1 axfr'])
      await whole(scene, 'hm1')
    })

    it('and IXFR again once the AXFR had the same content', async () => {
      const scene = await holding()
      const hm2 = { primaries: [PRIMARIES[1]!] }
      await scene.refresh({ 'hm2 axfr': V1 }, { forceAxfr: true, ...hm2 })
      await scene.refresh({ 'hm2 ixfr': FROM_1_TO_2 }, hm2)
      expect([scene.asked, scene.serial]).to.deep.equal([['hm2 ixfr'], 2])
    })
  })

  it('and leaves a zone without a name server at the apex to the checks', async () => {
    const scene = await holding()
    expect((await scene.refresh({ 'hm1 ixfr': `S2\nS1\n${NS}\nS2\nS2` })).kind).to.equal('committed')
  })
})
