/** Comparison of the contents that primaries serve under one serial: its time, its method and its result. */
import { expect } from 'chai'
import { join } from 'node:path'
import { readdirSync } from 'node:fs'
import type { Decision } from '../../../lib/rollout/record.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { ZONE } from '../../support/transfer-script.js'
import { A, B, C, change, CompareScene, type Given, lines, twoVersions, whole } from './compare-scene.js'

describe('comparing primaries', () => {
  const newDir = scratchDirs()
  let folder: string
  const scene = async (compare?: { enabled: boolean; everyMs: number }): Promise<CompareScene> => {
    folder = newDir()
    return await twoVersions(folder, compare)
  }
  const drafts = (): string[] => readdirSync(join(folder, 'zone')).filter((name) => /tmp|draft|aside/.test(name))

  const FOUND: readonly (readonly [
    why: string,
    answers: Record<string, Given>,
    found: 'same' | 'differs' | 'unknown',
    asked: string[],
  ])[] = [
    ['by its difference from a version that it had', { ixfr: change(1, 2, [A], [B]) }, 'same', ['ixfr']],
    [
      'by its records when its difference is another',
      { ixfr: change(1, 2, [A], [C]), axfr: whole(lines(2, C)) },
      'differs',
      ['ixfr', 'axfr'],
    ],
    ['by the same records', { ixfr: change(1, 2, [], [B]), axfr: whole(lines(2, B)) }, 'same', ['ixfr', 'axfr']],
    [
      'by its records when a TTL differs',
      { ixfr: change(1, 2, [A], [B.replace('300', '60')]), axfr: whole(lines(2, B)) },
      'same',
      ['ixfr', 'axfr'],
    ],
    ['by its records when its SOA differs', { ixfr: change(1, 3, [A], [B]), axfr: whole(lines(2, B)) }, 'same', ['ixfr', 'axfr']],
    ['by an AXFR in answer to IXFR', { ixfr: whole(lines(2, B)) }, 'same', ['ixfr']],
    ['by other content in answer to IXFR', { ixfr: whole(lines(2, C)) }, 'differs', ['ixfr']],
    ['by its records when it refuses IXFR', { ixfr: new Error('refused'), axfr: whole(lines(2, B)) }, 'same', ['ixfr', 'axfr']],
    ['it now serves a newer serial', { ixfr: new Error('refused'), axfr: whole(lines(3, B)) }, 'unknown', ['ixfr', 'axfr']],
    ['it does not answer', {}, 'unknown', ['ixfr', 'axfr']],
  ]
  for (const [why, answers, found, asked] of FOUND)
    it(`finds that a primary is ${found}: ${why}`, async () => {
      const made = await scene()
      for (const [kind, given] of Object.entries(answers)) made.answers[`hm2 ${kind}`] = given
      expect(await made.check('hm2')).to.deep.equal(asked.map((kind) => `hm2 ${kind}`))
      expect(made.conflicting).to.deep.equal(found === 'differs' ? ['hm2 2'] : [])
      expect(made.stored.latest!.sources).to.deep.equal(found === 'same' ? { hm1: 1, hm2: made.now } : { hm1: 1 })
      expect(made.conflict?.split(';')[0]).to.equal(
        found === 'differs' ? 'conflict: hm1 and hm2 serve different content of example. under the same serial 2' : undefined,
      )
      expect(made.logged.map((line) => line.split(' ')[0])).to.deep.equal(
        { same: [], differs: ['error'], unknown: [made.logged[0]?.split(' ')[0]] }[found],
      )
      expect(drafts()).to.deep.equal([])
      // A known result needs no second comparison.
      made.now += 290_000
      expect(await made.check('hm2')).to.deep.equal([])
    })

  it('uses AXFR when no version of the primary is known', async () => {
    const made = await scene()
    made.serves('hm3', 2)
    made.answers['hm3 axfr'] = whole(lines(2, B))
    expect(await made.check('hm3')).to.deep.equal(['hm3 axfr'])
    expect(made.stored.latest!.sources).to.have.property('hm3')
  })

  it('is repeated five minutes after a primary could not be compared', async () => {
    const made = await scene()
    await made.check('hm2')
    made.now += 290_000
    expect(await made.check('hm2')).to.deep.equal([])
    made.now += 10_000
    expect(await made.check('hm2')).to.deep.equal(['hm2 ixfr', 'hm2 axfr'])
    expect(made.logged).to.include('info primary not compared')
  })

  it('ends a conflict when the primary serves the current content', async () => {
    const made = await scene()
    made.answers['hm2 ixfr'] = whole(lines(2, C))
    await made.check('hm2')
    expect(made.conflicting).to.have.lengthOf(1)
    made.serves('hm2', 2, { brokenAt: made.now + 1 })
    made.answers['hm2 axfr'] = whole(lines(2, B))
    await made.check('hm2')
    expect([made.conflicting, made.conflict]).to.deep.equal([[], undefined])
  })

  it('drops its result when a newer version arrived meanwhile', async () => {
    const made = await scene()
    made.answers['hm2 ixfr'] = whole(lines(2, C))
    made.during = () => made.commit(lines(3, A))
    await made.check('hm2')
    expect([made.conflicting, made.conflict, drafts(), made.logged]).to.deep.equal([[], undefined, [], []])
    expect(made.stored.latest!.sources).to.deep.equal({ hm1: 1 })
  })

  it('logs a version that it could not read, and continues', async () => {
    const made = await scene()
    made.stored.conflicting.keep = async () => {
      throw new Error('disk full')
    }
    made.answers['hm2 ixfr'] = whole(lines(2, C))
    await made.check('hm2')
    expect(made.logged).to.deep.equal(['warn primary not compared'])
  })

  describe('is due', () => {
    const CASES: readonly (readonly [isDue: boolean, why: string, primary: string, prepare: (made: CompareScene) => unknown])[] =
      [
        [true, 'for a primary whose content was never compared', 'hm2', () => undefined],
        [false, 'for the primary that sent the version', 'hm1', () => undefined],
        [
          true,
          'for the primary that sent the version, and was restored',
          'hm1',
          (made) => made.serves('hm1', 2, { brokenAt: 9 }),
        ],
        [false, 'for a primary with another serial', 'hm2', (made) => made.serves('hm2', 3)],
        [false, 'for a primary that fails', 'hm2', (made) => made.serves('hm2', 2, { error: 'timed out' })],
        [false, 'for a primary that was never polled', 'hm3', () => undefined],
        [false, 'when an operator chose the content of another', 'hm2', (made) => choose(made, 'hm1')],
        [true, 'when an operator approved the version', 'hm2', (made) => choose(made, undefined)],
        [
          true,
          'when an operator chose its content, and it was restored',
          'hm1',
          (made) => {
            choose(made, 'hm1')
            made.serves('hm1', 2, { brokenAt: 9 })
          },
        ],
      ]
    for (const [isDue, why, primary, prepare] of CASES)
      it(`${isDue ? '' : 'not '}${why}`, async () => {
        const made = await scene()
        await prepare(made)
        expect(made.comparer.isDue(made.zone, made.stored, made.primary(primary))).to.equal(isDue)
      })

    function choose(made: CompareScene, primary: string | undefined): void {
      const { serial, digest } = made.stored.latest!
      const decision: Decision = {
        kind: 'approve',
        at: 5,
        by: 'noc',
        reason: 'r',
        serial,
        digest,
        ...(primary ? { primary } : {}),
      }
      made.board.set('orders', ZONE, { at: 5, decisions: [decision] })
    }

    it('not when comparing is off, or without a version', async () => {
      const off = await scene({ enabled: false, everyMs: 0 })
      expect(off.comparer.isDue(off.zone, off.stored, off.primary('hm2'))).to.equal(false)
      const empty = new CompareScene(newDir())
      empty.serves('hm2', 2)
      expect(empty.comparer.isDue(empty.zone, empty.stored, empty.primary('hm2'))).to.equal(false)
    })

    it('again after the configured time', async () => {
      const made = await scene({ enabled: true, everyMs: 60_000 })
      made.answers['hm2 ixfr'] = change(1, 2, [A], [B])
      await made.check('hm2')
      const isDue = () => made.comparer.isDue(made.zone, made.stored, made.primary('hm2'))
      made.now += 60_000
      expect(isDue()).to.equal(false)
      made.now += 1
      expect(isDue()).to.equal(true)
      made.answers['hm2 axfr'] = whole(lines(2, C))
      made.serves('hm2', 2, { brokenAt: made.now })
      await made.check('hm2')
      expect(made.conflicting).to.have.lengthOf(1)
      made.now += 60_000
      expect(isDue(), 'content that differs').to.equal(false)
      made.now += 1
      expect(isDue(), 'content that differs, later').to.equal(true)
    })

    it('again when a primary with other content was restored, or the version changed', async () => {
      const made = await scene()
      made.answers['hm2 ixfr'] = whole(lines(2, C))
      await made.check('hm2')
      const isDue = () => made.comparer.isDue(made.zone, made.stored, made.primary('hm2'))
      made.serves('hm2', 2, { brokenAt: made.now - 9 })
      expect(isDue()).to.equal(false)
      made.serves('hm2', 2, { brokenAt: made.now + 9 })
      expect(isDue()).to.equal(true)
      made.serves('hm2', 3)
      await made.commit(lines(3, A))
      expect(isDue()).to.equal(true)
    })
  })
})
