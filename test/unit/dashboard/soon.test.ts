/** Work that is run one at a time. */
import { expect } from 'chai'
import { inTurn } from '../../../services/api/dashboard/soon.js'

describe('work that is run in turn', () => {
  it('runs once more for all calls while it runs, and each call gets a run that began after it', async () => {
    const ends: (() => void)[] = []
    const read = inTurn(() => new Promise((resolve) => ends.push(resolve)))
    const done: string[] = []
    const call = (name: string): void => void read().then(() => done.push(name))
    const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    call('first')
    call('second')
    call('third')
    await turns()
    expect(ends).to.have.length(1)
    ends[0]!()
    await turns()
    expect([ends.length, done]).to.deep.equal([2, ['first']])
    call('fourth')
    ends[1]!()
    await turns()
    expect([ends.length, done]).to.deep.equal([3, ['first', 'second', 'third']])
    ends[2]!()
    await turns()
    expect([ends.length, done.at(-1)]).to.deep.equal([3, 'fourth'])
    call('fifth')
    expect(ends).to.have.length(4)
  })
})
