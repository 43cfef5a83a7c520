/** A primary that is restored and passes the current serial between polls: its IXFR fits, and leads to a mixture. */
import { expect } from 'chai'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NS = 'example. 60 NS ns1.example.'
const A = 'a.example. 60 A 192.0.2.1'
const B = 'b.example. 60 A 192.0.2.2'
const V1 = `S1\n${NS}\n${A}\nS1`
const FROM_1_TO_2 = `S2\nS1\nS2\n${B}\nS2`
const SAME_2 = `S2\n${NS}\n${A}\n${B}\nS2`
const RESTORED_2 = `S2\n${NS}\n${B}\nS2`

describe('the first IXFR after a gap in the answers of a primary', () => {
  const scratch = scratchDirs()
  /** A scene with version 2 from hm1, by an IXFR after a pause of `gapMs`. */
  const updated = async (gapMs: number, wholeNow: string): Promise<RefreshScene> => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    await scene.poll('hm2', 0)
    scene.answers = { 'hm1 axfr': V1 }
    await scene.refresh()
    await scene.poll('hm1', 1)
    scene.now += gapMs
    await scene.poll('hm1', 2)
    scene.answers = { 'hm1 ixfr': FROM_1_TO_2, 'hm1 axfr': wholeNow }
    scene.asked = []
    await scene.refresh()
    expect([scene.asked, scene.serial]).to.deep.equal([['hm1 ixfr'], 2])
    scene.asked = []
    return scene
  }
  const pollAndCompare = async (scene: RefreshScene): Promise<void> => {
    await scene.poll('hm1', 2)
    await scene.compare('hm1')
  }

  it('is compared soon, and a mixture is a conflict', async () => {
    const scene = await updated(60_000, RESTORED_2)
    await pollAndCompare(scene)
    expect([scene.asked, scene.stored.conflicting.list.map(({ from }) => from)]).to.deep.equal([['hm1 axfr'], ['hm1']])
    expect(scene.cell?.conflict).to.match(/hm1 serves other content of example\. under serial 2 than it served before/)
  })

  it('is compared once when the contents are equal', async () => {
    const scene = await updated(60_000, SAME_2)
    for (let i = 0; i < 3; i++) {
      await pollAndCompare(scene)
      scene.now += 4_000
    }
    expect([scene.asked, scene.cell?.conflict]).to.deep.equal([['hm1 axfr'], undefined])
  })

  it('is not compared when the primary was polled in time', async () => {
    const scene = await updated(500, RESTORED_2)
    await pollAndCompare(scene)
    expect(scene.asked).to.deep.equal([])
  })
})
