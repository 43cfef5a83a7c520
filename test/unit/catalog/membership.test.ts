/** Lists of several catalogs as one set of members. */
import { expect } from 'chai'
import { type Assignment, Membership } from '../../../lib/catalog/membership.js'
import type { CatalogEntry } from '../../../lib/catalog/read-catalog.js'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'

const [A, B] = [parseZoneName('a.cat.'), parseZoneName('b.cat.')]
const X = parseZoneName('x.example.')
const Y = parseZoneName('y.example.')
const DAY = 86_400_000

function run<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

describe('membership', () => {
  let members: Membership
  let configured: Set<ZoneName>
  const assign = (catalog: ZoneName, list: Record<string, CatalogEntry>, now = 1): Assignment => {
    const entries = Object.entries(list).map(([zone, entry]) => [zone as ZoneName, entry] as const)
    const result = run(members.assign(catalog, new Map(entries), now, (zone) => configured.has(zone)))
    members.apply(result.changes)
    return result
  }
  const refusals = (catalog: ZoneName) => run(members.refusals(catalog, (zone) => configured.has(zone)))
  const catalogOf = (zone: ZoneName) => members.members.get(zone)?.catalog

  beforeEach(() => {
    members = new Membership([A, B])
    configured = new Set()
  })

  it('adds the members of a list', () => {
    const { changes } = assign(A, { [X]: { id: '1', group: 'gold' } }, 7)
    expect(changes).to.deep.equal([
      {
        zone: X,
        before: undefined,
        after: { zone: X, catalog: A, id: '1', group: 'gold', coo: undefined, since: 7 },
        isReset: false,
      },
    ])
  })

  it('does not change with an equal list', () => {
    assign(A, { [X]: { id: '1' } })
    expect(assign(A, { [X]: { id: '1' } }, 2).changes).to.deep.equal([])
  })

  it('serves a member that left until its grace time ends', () => {
    assign(A, { [X]: { id: '1' }, [Y]: { id: '2' } })
    assign(A, { [Y]: { id: '2' } }, 100)
    expect(members.members.get(X)!.leftAt).to.equal(100)
    expect(members.overdue(100 + DAY - 1, () => DAY)).to.deep.equal([])
    const changes = members.overdue(100 + DAY, () => DAY)
    expect(changes.map(({ zone, after }) => [zone, after])).to.deep.equal([[X, undefined]])
    members.apply(changes)
    expect([...members.members.keys(), members.leaving.size]).to.deep.equal([Y, 0])
  })

  it('counts the grace time from the day it left, however many lists follow', () => {
    assign(A, { [X]: { id: '1' } })
    assign(A, {}, 100)
    expect(assign(A, {}, 200).changes).to.deep.equal([])
    expect(members.members.get(X)!.leftAt).to.equal(100)
  })

  it('brings a member back whole that returns within its grace time', () => {
    assign(A, { [X]: { id: '1' } })
    assign(A, {}, 100)
    const { changes } = assign(A, { [X]: { id: '1' } }, 200)
    expect(changes.map(({ isReset, after }) => [isReset, after!.leftAt, after!.since])).to.deep.equal([[false, undefined, 1]])
    expect(members.leaving.size).to.equal(0)
  })

  it('resets a member whose id changed', () => {
    assign(A, { [X]: { id: '1' } })
    expect(assign(A, { [X]: { id: '2' } }, 5).changes.map(({ isReset, after }) => [isReset, after!.since])).to.deep.equal([
      [true, 5],
    ])
  })

  it('keeps a member whose group changed', () => {
    assign(A, { [X]: { id: '1', group: 'gold' } })
    const { changes } = assign(A, { [X]: { id: '1', group: 'silver' } }, 5)
    expect(changes.map(({ isReset, after }) => [isReset, after!.group, after!.since])).to.deep.equal([[false, 'silver', 1]])
  })

  for (const order of [
    [A, B],
    [B, A],
  ])
    it(`gives a member of two catalogs to the first in the config when ${order[0]} comes first`, () => {
      for (const catalog of order) assign(catalog, { [X]: { id: catalog } }, 1)
      expect(catalogOf(X)).to.equal(A)
    })

  it('names the members that another catalog has', () => {
    assign(A, { [X]: { id: '1' } })
    expect(assign(B, { [X]: { id: '2' } }).claimed).to.deep.equal({ count: 1, names: [X] })
  })

  it('names them when the list of the other catalog came later too', () => {
    assign(B, { [X]: { id: '2' } })
    expect(refusals(B)).to.deep.equal({ claimed: { count: 0, names: [] }, configured: { count: 0, names: [] } })
    assign(A, { [X]: { id: '1' } })
    expect(refusals(B).claimed).to.deep.equal({ count: 1, names: [X] })
    assign(A, {})
    expect(refusals(B).claimed).to.deep.equal({ count: 0, names: [] })
  })

  it('names the members that the config has', () => {
    configured.add(X)
    expect(assign(A, { [X]: { id: '1' } }).configured).to.deep.equal({ count: 1, names: [X] })
  })

  it('moves a member with its state to the catalog that coo names, once that has it under the same id', () => {
    assign(A, { [X]: { id: '1' } })
    assign(A, { [X]: { id: '1', coo: B } }, 2)
    expect(catalogOf(X)).to.equal(A)
    const { changes } = assign(B, { [X]: { id: '1' } }, 3)
    expect(changes.map(({ isReset, after }) => [isReset, after!.catalog])).to.deep.equal([[false, B]])
    expect(assign(A, {}, 4).changes).to.deep.equal([])
    expect(catalogOf(X)).to.equal(B)
  })

  it('resets a member that coo moves to another id', () => {
    assign(A, { [X]: { id: '1', coo: B } })
    expect(assign(B, { [X]: { id: '2' } }, 3).changes.map(({ isReset }) => isReset)).to.deep.equal([true])
  })

  it('keeps the state of a member that its catalog handed over and dropped before the new catalog had it', () => {
    assign(A, { [X]: { id: '1', coo: B } })
    assign(A, {}, 2)
    expect(assign(B, { [X]: { id: '1' } }, 3).changes.map(({ isReset, after }) => [isReset, after!.leftAt])).to.deep.equal([
      [false, undefined],
    ])
  })

  it('does not move a member to a catalog that coo does not name', () => {
    assign(A, { [X]: { id: '1', coo: parseZoneName('c.cat.') } })
    assign(B, { [X]: { id: '1' } }, 3)
    expect(catalogOf(X)).to.equal(A)
  })

  it('gives two catalogs that hand a member to each other to the first', () => {
    assign(A, { [X]: { id: '1', coo: B } })
    assign(B, { [X]: { id: '1', coo: A } })
    expect(catalogOf(X)).to.equal(A)
  })

  it('gives a member that left one catalog to the other that has it, and resets it', () => {
    assign(A, { [X]: { id: '1' } })
    assign(B, { [X]: { id: '2' } }, 2)
    const { changes } = assign(A, {}, 3)
    expect(changes.map(({ isReset, after }) => [isReset, after!.catalog, after!.leftAt])).to.deep.equal([[true, B, undefined]])
  })

  it('keeps the members of a catalog that has no list since the start', () => {
    members.apply([{ zone: X, after: { zone: X, catalog: A, id: '1', since: 1 } }])
    assign(B, { [X]: { id: '2' } }, 2)
    expect(catalogOf(X)).to.equal(A)
  })

  it('learns after a start which members left meanwhile', () => {
    members.apply([X, Y].map((zone) => ({ zone, after: { zone, catalog: A, id: zone, since: 1 } })))
    assign(A, { [Y]: { id: Y } }, 9)
    expect([members.members.get(X)!.leftAt, members.members.get(Y)!.leftAt]).to.deep.equal([9, undefined])
  })

  it('drops the members of a catalog that the config no longer has', () => {
    assign(A, { [X]: { id: '1' } })
    assign(B, { [Y]: { id: '1' } })
    const changes = run(members.reorder([B]))
    expect(changes.map(({ zone, after }) => [zone, after])).to.deep.equal([[X, undefined]])
  })
})
