/** A map that gives away its oldest entry. */
import { expect } from 'chai'
import { OldestFirst } from '../../../lib/state/oldest-first.js'
import { megabytesInUse } from '../../support/memory.js'

describe('entries, oldest first', () => {
  it('leave in the order of their keys; a key that is set again keeps its place', () => {
    const map = new OldestFirst<string, number>()
    for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i)
    map.set('a', 7)
    expect([map.takeOldest(), map.takeOldest()]).to.deep.equal([
      ['a', 7],
      ['b', 1],
    ])
    map.set('a', 8)
    expect([...map]).to.deep.equal([
      ['c', 2],
      ['a', 8],
    ])
    expect([map.takeOldest(), map.takeOldest(), map.takeOldest()]).to.deep.equal([['c', 2], ['a', 8], undefined])
  })

  it('a removed key is passed, and comes last when it is set again', () => {
    const map = new OldestFirst<number, string>()
    for (const key of [1, 2, 3]) map.set(key, `${key}`)
    expect(map.takeOldest()![0]).to.equal(1)
    expect([map.delete(2), map.delete(2)]).to.deep.equal([true, false])
    map.set(2, 'again')
    expect([map.takeOldest(), map.takeOldest()]).to.deep.equal([
      [3, '3'],
      [2, 'again'],
    ])
    expect(map.size).to.equal(0)
  })

  it('thousands of other changes between two of them change nothing in the order', () => {
    const map = new OldestFirst<number, number>()
    for (let key = 0; key < 10; key++) map.set(key, key)
    const left: number[] = []
    for (let round = 0; round < 5; round++) {
      left.push(map.takeOldest()![0])
      for (let other = 100; other < 5_000; other++) map.set(other, other)
      for (let other = 100; other < 5_000; other++) map.delete(other)
    }
    expect(left).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('nothing of removed entries stays in memory, also when the oldest is not wanted for long', () => {
    const map = new OldestFirst<number, number>()
    map.set(-1, 0)
    map.set(-2, 0)
    map.takeOldest()
    const before = megabytesInUse()
    for (let round = 0; round < 200; round++) {
      for (let key = 0; key < 5_000; key++) map.set(key, key)
      for (let key = 0; key < 5_000; key++) map.delete(key)
    }
    expect(megabytesInUse() - before).to.be.below(5)
    expect(map.takeOldest()).to.deep.equal([-2, 0])
  })
})
