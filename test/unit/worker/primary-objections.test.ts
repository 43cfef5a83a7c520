/** Answers of other primaries on contents, before these are committed as a version. */
import { expect } from 'chai'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { ZONE } from '../../support/transfer-script.js'
import { A, B, C, type CompareScene, lines, twoVersions, whole } from './compare-scene.js'

describe('comparing primaries before a version is committed', () => {
  const newDir = scratchDirs()
  const scene = (compare?: { enabled: boolean; everyMs: number }) => twoVersions(newDir(), compare)
  const THREE = lines(3, C)
  const objection = (made: CompareScene, records = THREE) => {
    made.asked = []
    return made.comparer.objection(made.zone, made.stored, made.primary('hm1'), contentsOf(ZONE, records.join('\n')), undefined)
  }

  it('returns the primaries that serve the same content, and since when', async () => {
    const made = await scene()
    made.serves('hm2', 3)
    made.serves('hm3', 3)
    Object.assign(made.answers, { 'hm2 axfr': whole(THREE), 'hm3 axfr': whole(THREE) })
    expect(await objection(made)).to.deep.equal({
      because: undefined,
      others: [],
      sources: { hm2: made.now, hm3: made.now },
    })
    expect(made.asked).to.deep.equal(['hm2 axfr', 'hm3 axfr'])
  })

  it('queries only primaries that serve the same serial', async () => {
    const made = await scene()
    made.serves('hm1', 3)
    made.serves('hm3', 3, { error: 'timed out' })
    expect(await objection(made)).to.deep.equal({ because: undefined, others: [], sources: {} })
    expect(made.asked).to.deep.equal([])
  })

  it('objects to content that another primary does not serve, and keeps the other content', async () => {
    const made = await scene()
    made.serves('hm2', 3)
    made.serves('hm3', 3)
    Object.assign(made.answers, { 'hm2 axfr': whole(lines(3, A)), 'hm3 axfr': whole(lines(3, B)) })
    const { because, sources, others } = await made.commitAfter(THREE, () => objection(made))
    expect(made.conflicting, 'not before the version is there').to.deep.equal([])
    await made.comparer.keep(made.zone, made.stored, others)
    expect(because).to.match(/^conflict: hm1 and hm2 serve different content of example\. under the same serial 3/)
    expect(sources).to.deep.equal({})
    expect(made.conflicting.sort()).to.deep.equal(['hm2 3', 'hm3 3'])
    expect(await made.check('hm2'), 'it is compared').to.deep.equal([])
  })

  it('logs other content that it could not keep', async () => {
    const made = await scene()
    made.serves('hm2', 3)
    made.answers['hm2 axfr'] = whole(lines(3, A))
    made.stored.conflicting.keep = async () => {
      throw new Error('disk full')
    }
    const { others } = await objection(made)
    await made.comparer.keep(made.zone, made.stored, others)
    expect(made.logged).to.deep.equal(['error conflicting version not kept'])
  })

  it('does not wait for a primary that does not answer', async () => {
    const made = await scene()
    made.serves('hm2', 3)
    made.answers['hm2 axfr'] = 'silence'
    expect(await objection(made)).to.deep.equal({ because: undefined, others: [], sources: {} })
  })

  it('queries no primary when comparing is off', async () => {
    const made = await scene({ enabled: false, everyMs: 0 })
    made.serves('hm2', 3)
    expect(await objection(made)).to.deep.equal({ because: undefined, others: [], sources: {} })
    expect(made.asked).to.deep.equal([])
  })
})
