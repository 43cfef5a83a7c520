/** The end of a conflict between a primary and the current version. */
import { expect } from 'chai'
import { describeError } from '../../../lib/errors.js'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NS = 'example. 60 NS ns1.example.'
const V1 = `S1\n${NS}\nS1`
const OTHER_1 = `S1\n${NS}\nb.example. 60 A 192.0.2.2\nS1`

describe('a conflict under the current serial', () => {
  const scratch = scratchDirs()
  /** A scene with version 1 from hm1; hm2 serves other content under serial 1, which is known. */
  const torn = async (): Promise<RefreshScene> => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    scene.answers = { 'hm1 axfr': V1, 'hm2 axfr': OTHER_1 }
    await scene.refresh()
    await scene.poll('hm2', 1)
    await scene.compare('hm2')
    expect(scene.cell?.conflict).to.match(/hm1 and hm2 serve different content/)
    return scene
  }
  const expectOver = ({ cell, stored }: RefreshScene): unknown =>
    expect([stored.conflicting.list, cell?.conflict, cell?.error]).to.deep.equal([[], undefined, undefined])

  it('ends when an AXFR from the primary has the current content', async () => {
    const scene = await torn()
    scene.answers = { 'hm1 axfr': OTHER_1, 'hm2 axfr': V1 }
    scene.zone.primaries = [scene.primaries[1]!, scene.primaries[0]!]
    await scene.refresh({ strength: 'retransfer' })
    expectOver(scene)
  })

  it("ends with an operator's refresh once the primary is fixed under the same serial", async () => {
    const scene = await torn()
    expect(await scene.refresh({ reason: 'operator' }).catch(describeError)).to.match(/hm1 and hm2 serve different content/)
    scene.answers['hm2 axfr'] = V1
    expect(await scene.refresh({ reason: 'operator' })).to.deep.equal({ outcome: 'up-to-date', serial: 1 })
    expectOver(scene)
  })

  it('is not compared again at each poll', async () => {
    const scene = await torn()
    scene.asked = []
    for (let i = 0; i < 10; i++) {
      scene.now += 60_000
      await scene.poll('hm2', 1)
      await scene.compare('hm2')
    }
    expect(scene.asked).to.deep.equal([])
  })

  it('lasts for more than a day with the primary that sent the version', async () => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    scene.answers = { 'hm1 axfr': V1 }
    await scene.refresh()
    scene.now += 90_000_000
    scene.answers = { 'hm1 axfr': OTHER_1 }
    for (let i = 0; i < 3; i++) {
      await scene.poll('hm1', 1)
      scene.now += 60_000
      await scene.compare('hm1')
    }
    expect([scene.asked, scene.cell?.conflicting]).to.deep.equal([['hm1 axfr', 'hm1 axfr'], ['hm1']])
  })
})
