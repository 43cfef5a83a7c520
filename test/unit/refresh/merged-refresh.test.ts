/** An AXFR of a zone whose current version is large: what changed is committed, or the zone is transferred once more and kept whole. */
import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { expectError } from '../../support/expect-error.js'
import { A, B, NS, PRIMARIES, RefreshAnswers, V1, V2 } from '../../support/refresh-answers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { runTexts, textsOf } from '../../support/transfer-script.js'

describe('a refresh of a large zone by AXFR', () => {
  const scratch = scratchDirs()
  const fresh = (): RefreshAnswers => {
    const scene = new RefreshAnswers(scratch())
    scene.mergeFrom = 0
    return scene
  }

  const merging = async (): Promise<RefreshAnswers> => {
    const scene = fresh()
    await scene.refresh({ 'hm1 axfr': V1 })
    return scene
  }

  it('commits what changed', async () => {
    const scene = fresh()
    const others = Array.from({ length: 20 }, (_, n) => `c${n + 10}.example. 60 A 192.0.2.9`).join('\n')
    await scene.refresh({ 'hm1 axfr': `S1\n${NS}\n${A}\n${others}\nS1` })
    const files = readdirSync(scene.directory)
    await scene.refresh({ 'hm1 ixfr': `S2\n${NS}\n${B}\n${others}\nS2` })
    expect([scene.asked, scene.serial, scene.stored.latest!.kind]).to.deep.equal([['hm1 ixfr'], 2, 'axfr'])
    expect(readdirSync(scene.directory)).to.deep.equal(files)
    const [step] = (await scene.stored.chain(1, scene.stored.latest!))!
    expect([runTexts(step!.removed), runTexts(step!.added)]).to.deep.equal([
      ['a.example. 60 IN A 192.0.2.1'],
      ['b.example. 60 IN A 192.0.2.2'],
    ])
  })

  it('transfers it once more, whole, when the change does not fit', async () => {
    const scene = await merging()
    scene.more = 1
    await scene.refresh({ 'hm1 ixfr': V2 })
    expect([scene.asked, scene.serial]).to.deep.equal([['hm1 ixfr', 'hm1 ixfr'], 2])
    expect(textsOf(await scene.stored.contents()).length).to.equal(3)
  })

  it('transfers it whole by order of the operator, and after it expired', async () => {
    for (const wish of [{ forceAxfr: true }, { expired: true }]) {
      const scene = await merging()
      scene.more = 1
      await scene.refresh({ 'hm1 axfr': V2 }, wish)
      expect([scene.asked, scene.serial]).to.deep.equal([['hm1 axfr'], 2])
    }
  })

  it('keeps the current version when nothing but the SOA is left', async () => {
    const scene = await merging()
    await expectError('ZONE_EMPTY', () =>
      scene.refresh({ 'hm1 ixfr': 'S2\nS2', 'hm1 axfr': 'S2\nS2' }, { primaries: [PRIMARIES[0]!] }),
    )
    expect([scene.serial, textsOf(await scene.stored.contents()).length]).to.deep.equal([1, 3])
  })

  it('finds other content under the same serial', async () => {
    const scene = await merging()
    await expectError('STORE_CONFLICT', () => scene.refresh({ 'hm1 axfr': `S1\n${NS}\n${B}\nS1` }, { doubt: () => 'misfit' }))
    expect(scene.stored.conflicting.list.length).to.equal(1)
  })
})
