/** Parts of answers for readers of the live page: the matrix by cloud, site, group and severity, a part of a difference, a verdict. */
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { HubOfEveryState } from './hub-of-every-state.js'

describe('routes with a part of an answer', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState
  before(async () => {
    hub = await HubOfEveryState.start(scratch())
  })
  after(() => hub.stop())

  const get = async <T>(path: string, status = 200): Promise<T> => {
    const answer = await hub.ask(path)
    expect([answer.status, answer.text.slice(0, 300)]).to.deep.equal([status, answer.text.slice(0, 300)])
    return JSON.parse(answer.text)
  }
  const rows = async (query: string): Promise<{ zones: { name: string; nodes: object }[]; nodes: { id: string }[] }> =>
    await get(`/v1/matrix?${query}`)

  it('have the zones and nodes of one cloud, and of one site', async () => {
    const cloud = await rows('cloud=C')
    expect(cloud.nodes.map(({ id }) => id)).to.deep.equal(['cdg1'])
    expect(cloud.zones.map(({ name, nodes }) => `${name} ${Object.keys(nodes)}`)).to.deep.equal(['drained.example. cdg1'])
    const site = await rows('site=AMS')
    expect(site.nodes.map(({ id }) => id)).to.deep.equal(['ams1'])
    expect(new Set(site.zones.flatMap(({ nodes }) => Object.keys(nodes)))).to.deep.equal(new Set(['ams1']))
    expect((await rows('cloud=no-cloud')).zones).to.deep.equal([])
    expect((await rows('group=no-group')).zones).to.deep.equal([])
  })

  it('have every zone by severity, page after page, in the order of the complete answer', async () => {
    const all = (await rows('sort=severity')).zones.map(({ name }) => name)
    expect(all).to.have.members((await rows('')).zones.map(({ name }) => name))
    const paged: string[] = []
    for (let after = ''; ; ) {
      const path = `/v1/matrix?sort=severity&limit=3${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`
      const page = await get<{ zones: { name: string }[]; next: string | null }>(path)
      paged.push(...page.zones.map(({ name }) => name))
      if (page.next === null) break
      after = page.next
    }
    expect(paged).to.deep.equal(all)
    await get('/v1/matrix?sort=size', 400)
  })

  it('have the first records of a difference, and the counts of all', async () => {
    const { rivals, versions } = await get<Record<'rivals' | 'versions', { digest: string }[]>>('/v1/zones/two-contents.example')
    const path = `/v1/zones/two-contents.example/diff?from=1:${versions[0]!.digest}&to=1:${rivals[0]!.digest}`
    interface Difference {
      removed: string[]
      added: string[]
      counts: { removed: number; added: number }
    }
    const whole = await get<Difference>(path)
    const part = await get<Difference>(`${path}&limit=1`)
    expect(whole.added.length + whole.removed.length).to.be.greaterThan(2)
    expect(part).to.deep.include({ counts: whole.counts, removed: whole.removed.slice(0, 1), added: whole.added.slice(0, 1) })
    await get(`${path}&limit=0`, 400)
  })

  it('have a verdict with its status, or with 200', async () => {
    expect(await get('/v1/nodes/lhr1/health', 503)).to.include({ verdict: 'withdraw' })
    expect(await get('/v1/nodes/lhr1/health?status=always')).to.include({ verdict: 'withdraw' })
    expect(await get('/v1/nodes/ams1/health?status=verdict')).to.include({ verdict: 'serve' })
    await get('/v1/nodes/ams1/health?status=200', 400)
  })
})
