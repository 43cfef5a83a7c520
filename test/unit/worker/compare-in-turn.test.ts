/** Order of primary comparisons and updates of the zone. */
import { expect } from 'chai'
import { eventually } from '../../support/eventually.js'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import type { ScriptedMessage } from '../../support/transfer-script.js'

const NS = 'example. 60 NS ns1.example.'
const V1 = `S1\n${NS}\nS1`
const V2 = `S2\n${NS}\na.example. 60 A 192.0.2.1\nS2`
const FROM_1_TO_2 = 'S2\nS1\nS2\na.example. 60 A 192.0.2.1\nS2'
const OTHER_1 = `S1\n${NS}\nb.example. 60 A 192.0.2.2\nS1`
const tooLate = () => new Promise((resolve) => setTimeout(resolve, 1_000, 'too late'))

/** An answer that arrives on command. */
function slow(): { answer: Promise<ScriptedMessage>; send: (message: ScriptedMessage) => void } {
  let send!: (message: ScriptedMessage) => void
  const answer = new Promise<ScriptedMessage>((resolve) => {
    send = resolve
  })
  return { answer, send }
}

describe('a slow comparison with a primary', () => {
  const scratch = scratchDirs()
  /** A scene with version 1 from hm1; hm2 serves serial 1, was never compared and is slow. */
  const comparing = async () => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    scene.answers = { 'hm1 axfr': V1 }
    await scene.refresh()
    await scene.poll('hm2', 1)
    const { answer, send } = slow()
    scene.answers = { 'hm2 axfr': answer, 'hm1 ixfr': FROM_1_TO_2 }
    scene.asked = []
    const ended = scene.compare('hm2')
    await eventually(async () => expect(scene.asked).to.deep.equal(['hm2 axfr']))
    return { scene, send, ended }
  }

  it('does not delay an update from another primary', async () => {
    const { scene } = await comparing()
    await scene.poll('hm1', 2)
    const result = await Promise.race([scene.refresh(), tooLate()])
    expect(result).to.deep.equal({ outcome: 'incremental', serial: 2 })
  })

  it('does not delay other work on the zone', async () => {
    const { scene } = await comparing()
    expect(await Promise.race([scene.processor.inTurn(scene.name, async () => 'done'), tooLate()])).to.equal('done')
  })

  it('ends when a transfer of the zone begins', async () => {
    const { scene } = await comparing()
    await scene.poll('hm1', 2)
    await scene.refresh()
    expect(scene.signals.map((signal) => signal?.aborted)).to.include(true)
  })

  it('that finds other content does not affect a version that arrived meanwhile', async () => {
    const { scene, send, ended } = await comparing()
    await scene.poll('hm1', 2)
    await scene.refresh()
    send(OTHER_1)
    await ended
    expect([scene.stored.conflicting.list, scene.cell?.conflict]).to.deep.equal([[], undefined])
  })

  it('that finds other content is a conflict while the version is the same', async () => {
    const { scene, send, ended } = await comparing()
    send(OTHER_1)
    await ended
    expect(scene.stored.conflicting.list.map(({ from, serial }) => ({ from, serial }))).to.deep.equal([
      { from: 'hm2', serial: 1 },
    ])
    expect(scene.cell?.conflict).to.match(/hm1 and hm2 serve different content/)
  })

  it('that finds the same content proves the primary, and IXFR is used', async () => {
    const { scene, send, ended } = await comparing()
    send(V1)
    await ended
    await scene.poll('hm2', 2)
    scene.answers = { 'hm2 ixfr': FROM_1_TO_2, 'hm2 axfr': V2 }
    scene.asked = []
    await scene.refresh()
    expect([scene.asked, scene.serial]).to.deep.equal([['hm2 ixfr'], 2])
  })
})
