/** A primary that answers the SOA query with a newer serial than it transfers. */
import { expect } from 'chai'
import { describeError } from '../../../lib/errors.js'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NS = 'example. 60 NS ns1.example.'
const V1 = `S1\n${NS}\nS1`
const V2 = `S2\n${NS}\na.example. 60 A 192.0.2.1\nS2`

describe('a primary that announced a newer serial', () => {
  const scratch = scratchDirs()
  /** A scene with version 1 from hm1. */
  const holding = async (): Promise<RefreshScene> => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    await scene.poll('hm2', 0)
    scene.answers = { 'hm1 axfr': V1 }
    await scene.refresh()
    scene.asked = []
    return scene
  }

  it('and answers an IXFR with no change is asked for an AXFR', async () => {
    const scene = await holding()
    await scene.poll('hm1', 2)
    scene.answers = { 'hm1 ixfr': 'S1', 'hm1 axfr': V2 }
    for (let i = 0; i < 3; i++) await scene.refresh()
    expect([scene.asked, scene.serial, scene.cell?.error]).to.deep.equal([['hm1 ixfr', 'hm1 axfr'], 2, undefined])
  })

  it('and transfers the old one is followed by the next primary', async () => {
    const scene = await holding()
    await scene.poll('hm1', 2)
    await scene.poll('hm2', 2)
    scene.answers = { 'hm1 ixfr': 'S1', 'hm1 axfr': V1, 'hm2 axfr': V2 }
    await scene.refresh()
    expect([scene.asked.slice(0, 3), scene.serial]).to.deep.equal([['hm1 ixfr', 'hm1 axfr', 'hm2 axfr'], 2])
  })

  it('and transfers only the old one causes an error of the zone, and gets no second IXFR query', async () => {
    const scene = await holding()
    await scene.poll('hm1', 2)
    scene.answers = { 'hm1 ixfr': 'S1', 'hm1 axfr': V1 }
    const errors = [await scene.refresh().catch(describeError), await scene.refresh().catch(describeError)]
    for (const error of errors)
      expect(error).to.match(/^hm1 answers the SOA query for example\. with serial 2 and transfers serial 1;/)
    expect([scene.asked, scene.cell?.failures, scene.cell?.error]).to.deep.equal([
      ['hm1 ixfr', 'hm1 axfr', 'hm1 axfr'],
      2,
      errors[1],
    ])
  })

  it('and transfers only the old one causes an error that remains while another primary has no newer serial', async () => {
    const scene = await holding()
    await scene.poll('hm1', 2)
    await scene.poll('hm2', undefined)
    scene.answers = { 'hm1 ixfr': 'S1', 'hm1 axfr': V1, 'hm2 axfr': V1 }
    expect(await scene.refresh().catch(describeError)).to.match(/^hm1 answers the SOA query/)
    expect(scene.asked).to.deep.equal(['hm1 ixfr', 'hm1 axfr', 'hm2 axfr'])
  })

  it('in a NOTIFY alone, which may be forged, leaves the zone without error', async () => {
    const scene = await holding()
    scene.answers = { 'hm1 ixfr': 'S1', 'hm1 axfr': V1 }
    await scene.refresh({ reason: 'notify', seen: { primary: 'hm1', serial: 2, at: scene.now } })
    expect([scene.asked, scene.cell?.error]).to.deep.equal([['hm1 ixfr'], undefined])
  })
})
