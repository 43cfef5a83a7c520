/** The data of a view: when it is old, and that it is not shown under another filter. */
import { expect } from 'chai'
import { HubData } from '../../../services/api/dashboard/hub-data.js'
import type { Api } from '../../../services/api/dashboard/api.js'
import { readPlace } from '../../../services/api/dashboard/place.js'
import { ViewData } from '../../../services/api/dashboard/view-data.js'

const NOW = Date.parse('2026-11-03T03:00:00.000Z')
const AT = '2026-11-03T03:00:00.000Z'
const LIVE = { isLive: true, since: AT, reason: undefined }
const ALL = readPlace('#/rollouts')
const HELD = readPlace('#/rollouts?state=held')

describe('the data of a view', () => {
  it('is old after a request that failed, although the page is live, until the next that succeeds', () => {
    const read = new ViewData<number>()
    read.take(1, ALL, NOW)
    expect(read.old(LIVE)).to.equal(undefined)
    read.fail('status 503', ALL)
    expect(read.data).to.equal(1)
    expect(read.old(LIVE)).to.deep.equal({ since: AT, reason: 'status 503' })
    read.take(2, ALL, NOW + 1000)
    expect(read.old(LIVE)).to.equal(undefined)
  })

  it('is old while the page is not live, and not before it was live for the first time', () => {
    const read = new ViewData<number>()
    read.take(1, ALL, NOW)
    expect(read.old({ isLive: false, since: AT, reason: undefined })).to.equal(undefined)
    expect(read.old({ isLive: false, since: AT, reason: 'no answer' })).to.deep.equal({ since: AT, reason: 'no answer' })
  })

  it('stays when the same place cannot be read again, and ends when that of another filter cannot', () => {
    const read = new ViewData<string>()
    read.take('all rows', ALL, NOW)
    read.fail('status 503', readPlace('#/rollouts'))
    expect(read.data).to.equal('all rows')
    read.fail('status 503', HELD)
    expect(read.data).to.equal(undefined)
    expect(read.error).to.equal('status 503')
    read.take('held rows', HELD, NOW)
    expect([read.isOf(HELD), read.isOf(ALL)]).to.deep.equal([true, false])
  })
})

describe('the status of the hub', () => {
  it('is read again after a failure, and an old one is not returned', async () => {
    const answers = [{ now: AT }, new Error('status 429'), new Error('status 429'), { now: AT }]
    const get = async (): Promise<unknown> => {
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer
    }
    const hub = new HubData({ get } as unknown as Api)
    expect(await hub.current()).to.deep.equal({ now: AT })
    await hub.read()
    expect(await hub.current().catch(String)).to.equal('Error: status 429')
    expect(await hub.current()).to.deep.equal({ now: AT })
  })
})
