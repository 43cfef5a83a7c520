/** The model of the page, when pages and events overtake each other. */
import { expect } from 'chai'
import type { State } from '../../../lib/answers/fields.js'
import type { MatrixAnswer, NodeZoneAnswer, ZoneSummaryAnswer } from '../../../lib/answers/zone-answers.js'
import { FleetModel, isOutdated, lagOf } from '../../../services/api/dashboard/fleet-model.js'

const NODES = [
  { id: 'ams1', cloud: 'A', cluster: null, site: 'AMS' },
  { id: 'fra1', cloud: 'B', cluster: null, site: null },
  { id: 'lhr1', cloud: 'A', cluster: null, site: null },
]

const at = (serial: number, state: State = 'in-sync', lagSeconds = 0): NodeZoneAnswer => ({
  serial,
  state,
  since: null,
  observedAt: '2026-11-03T03:00:00.000Z',
  lagSeconds,
  error: null,
  verified: null,
})

const summary = (name: string, serial = 1): ZoneSummaryAnswer => ({
  name,
  serial,
  digest: null,
  records: 5,
  state: 'in-sync',
  releasedAt: null,
  lagSeconds: 0,
  inSync: 1,
  total: 1,
  error: null,
  held: null,
})

const page = (
  names: string[],
  next: string | null = null,
  nodes: Record<string, NodeZoneAnswer> = { ams1: at(1) },
): MatrixAnswer => ({
  zones: names.map((name) => ({ ...summary(name), nodes })),
  nodes: NODES,
  next,
  pageLagSeconds: 300,
  primaries: [],
})

const taken = (...pages: [page: MatrixAnswer, after?: string | undefined, whole?: boolean][]): FleetModel => {
  const model = new FleetModel()
  for (const [answer, after, whole] of pages)
    model.takePage(answer, { after, mark: model.mark(), now: 1000, whole: whole ?? false })
  return model
}

describe('the model of the page', () => {
  it('has its nodes cloud by cloud', () => {
    const model = taken([page(['a.'])])
    expect(model.clouds.map(({ name, nodes }) => `${name} ${nodes.map(({ id }) => id).join()}`)).to.deep.equal([
      'A ams1,lhr1',
      'B fra1',
    ])
    expect(model.nodes.map(({ id }) => id)).to.deep.equal(['ams1', 'lhr1', 'fra1'])
  })

  for (const { what, pages, names, next } of [
    { what: 'adds the next page', pages: [[page(['a.', 'b.'], 'b.')], [page(['c.']), 'b.']], names: 'a. b. c.', next: null },
    {
      what: 'replaces the zones of a page in the middle',
      pages: [[page(['a.', 'b.', 'c.', 'd.'], 'd.')], [page(['b.', 'bb.'], 'bb.'), 'a.']],
      names: 'a. b. bb. c. d.',
      next: 'd.',
    },
    {
      what: 'forgets a zone that is no longer in the answer',
      pages: [[page(['a.', 'b.', 'c.'])], [page(['a.', 'c.'])]],
      names: 'a. c.',
      next: null,
    },
    {
      what: 'is replaced by a complete page',
      pages: [[page(['a.', 'b.', 'z.'])], [page(['x.'], 'x.'), undefined, true]],
      names: 'x.',
      next: 'x.',
    },
    { what: 'is empty when no zone matches the filter', pages: [[page(['a.', 'b.'])], [page([])]], names: '', next: null },
  ] as { what: string; pages: [MatrixAnswer, string?, boolean?][]; names: string; next: string | null }[])
    it(what, () => {
      const model = taken(...pages)
      expect(model.names.join(' ')).to.equal(names)
      expect(model.next).to.equal(next)
      expect(model.names.every((name) => model.row(name) !== undefined)).to.equal(true)
    })

  it('has pages by severity in the order of the hub', () => {
    const model = new FleetModel()
    model.bySeverity = true
    const row = (name: string, state: State, held: string | null = null) => ({
      ...summary(name),
      state,
      held,
      nodes: { ams1: at(1, state) },
    })
    const take = (zones: MatrixAnswer['zones'], next: string | null, after?: string) =>
      model.takePage({ ...page([]), zones, next }, { after, mark: model.mark(), now: 1000, whole: after === undefined })
    take([row('z.', 'stuck'), row('b.', 'unknown', 'waits')], 'held b.')
    take([row('a.', 'unknown'), row('c.', 'in-sync')], null, 'held b.')
    expect(model.names.join(' ')).to.equal('z. b. a. c.')
    expect([0, 1, 2, 3, -1, 4].map((i) => model.cursor(i))).to.deep.equal([
      'stuck z.',
      'held b.',
      'unknown a.',
      'in-sync c.',
      undefined,
      undefined,
    ])
    // a. is stuck now: a page of the first rows moves it, and the others stay.
    model.takePage({ ...page([]), zones: [row('a.', 'stuck'), row('z.', 'stuck')], next: 'stuck z.' }, { mark: 0, now: 2000 })
    expect(model.names.join(' ')).to.equal('a. z. b. c.')
  })

  it('keeps an event that arrived after the request of a page', () => {
    const model = taken([page(['a.'])])
    const mark = model.mark()
    expect(model.takeNode({ zone: 'a.', node: 'ams1', ...at(2) }, 2000)).to.equal(true)
    model.takePage(page(['a.']), { mark, now: 3000 })
    expect(model.cell('a.', 'ams1')).to.include({ serial: 2, heardAt: 2000 })
    model.takePage(page(['a.'], null, { ams1: at(3) }), { mark: model.mark(), now: 4000 })
    expect(model.cell('a.', 'ams1')).to.include({ serial: 3, heardAt: 4000 })
  })

  it('ignores an event about a zone that is not loaded', () => {
    const model = taken([page(['a.'])])
    expect(model.takeNode({ zone: 'q.', node: 'ams1', ...at(2) }, 0)).to.equal(false)
    expect(model.takeZone(summary('q.'))).to.equal(false)
    expect(model.names).to.deep.equal(['a.'])
  })

  it('changes the zone for a new release, and not its nodes', () => {
    const model = taken([page(['a.'])])
    expect(model.takeZone(summary('a.', 9))).to.equal(true)
    expect(model.row('a.')?.summary.serial).to.equal(9)
    expect(model.cell('a.', 'ams1')?.serial).to.equal(1)
  })

  it('has the worst state of the nodes for a zone, and the state of the zone without nodes', () => {
    const cells = { ams1: at(1), fra1: at(0, 'stuck', 900), lhr1: at(1, 'drained') }
    expect(FleetModel.sum(taken([page(['a.'], null, cells)]).row('a.')!)).to.deep.equal({ state: 'stuck', inSync: 1, total: 3 })
    expect(FleetModel.sum(taken([page(['a.'], null, {})]).row('a.')!)).to.deep.equal({ state: 'in-sync', inSync: 0, total: 0 })
  })

  it('lets the lag grow while no event arrives', () => {
    const cell = { ...at(1, 'syncing', 10), heardAt: 1000, order: 0 }
    expect(lagOf(cell, 4000)).to.equal(13)
    expect(lagOf({ ...cell, lagSeconds: 0 }, 4000)).to.equal(0)
  })

  it('drops an observation after a while', () => {
    const seenAt = Date.parse('2026-11-03T03:00:00.000Z')
    const cell = { ...at(1), heardAt: 0, order: 0 }
    expect(isOutdated(cell, seenAt + 180_000, 180)).to.equal(false)
    expect(isOutdated(cell, seenAt + 180_001, 180)).to.equal(true)
    expect(isOutdated({ ...cell, state: 'drained' }, seenAt + 999_999, 180)).to.equal(false)
    expect(isOutdated({ ...cell, observedAt: null }, seenAt + 999_999, 180)).to.equal(false)
  })
})
