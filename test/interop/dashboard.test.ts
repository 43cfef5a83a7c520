/** The live page in an operator's browser, with a hub and name servers: its updates without a reload, and its views. */
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { needsBrowser, openBrowser, openPage, picture, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { NODES, type PageScene, startPageScene } from '../support/page-scene.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, startHub } from '../support/test-hub.js'

const ZONES = ['page.example.', 'other.example.']
const ZONE = ZONES[0]!

describe('the live page', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  needsBrowser()
  const scratch = scratchDirs()
  let scene: PageScene
  let place: HubPlace
  let browser: Browser
  let watched: WatchedPage

  const change = (zone: string, record: string) => scene.change(zone, `add ${record}.${zone} 60 TXT "x"`)
  const cell = (zone: string, node: string) =>
    watched.page.locator(`[role=gridcell][aria-label^="${zone} on ${node}:"]`).getAttribute('aria-label', { timeout: 5000 })
  const shows = (zone: string, node: string, words: RegExp) =>
    eventually(async () => expect(await cell(zone, node)).to.match(words), { timeoutMs: 15_000 })
  const go = (hash: string) => watched.page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
  const title = (words: string) =>
    eventually(async () => expect(await watched.page.locator('#view h2').first().textContent()).to.equal(words))

  before(async () => {
    scene = await startPageScene(scratch(), ZONES)
    ;({ place } = scene)
    browser = await openBrowser()
    watched = await openPage(browser, `${place.api}/`, { viewport: { width: 1400, height: 800 } })
  })

  it('is readable without a token, and gives orders with the token that the hub created', async () => {
    const { page } = watched
    await eventually(async () => expect(await page.locator('#token-button').textContent()).to.equal('Sign in'))
    await page.locator('#token-button').click()
    await page.locator('#token-input').fill(scene.token)
    await page.locator('#token button[type=submit]').click()
    await eventually(async () => expect(await page.locator('#token-button').textContent()).to.equal('Sign out'))
    await eventually(async () => expect(await page.locator('#who').textContent()).to.equal('local · admin'))
  })

  it('begins with one line: all is well', async () => {
    const { page } = watched
    await eventually(async () =>
      expect(await page.locator('#verdict').textContent()).to.match(/All is well\. 2 zones on 3 nodes\.$/),
    )
    const tiles = await page.locator('.tile-name').allTextContents()
    expect(tiles).to.deep.equal(['Primary hm1', 'Hub test', 'Redis', 'Cloud A', 'Cloud B'])
    await eventually(async () => expect(await page.locator('.track circle').count()).to.equal(6))
  })

  it('has no verdict while a request fails, although the page is live; and a stranger seen by a vantage point is a fault', async () => {
    const { page } = watched
    const verdict = page.locator('#verdict')
    const again = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    const row = { name: 'tokyo', since: null, reportedAt: null, state: 'up', probes: { stranger: 1 } }
    const place = { cloud: 'A', address: '198.51.100.1', zone: ZONE, instance: 'x9', node: null, serial: 1 }
    const stranger = { ...place, vantage: 'tokyo', state: 'stranger', rttMs: 1, at: null, error: null }
    // The browser would log an answer with status 503 as an error of the page.
    await page.route('**/v1/vantages', (route) => route.fulfill({ body: 'not JSON' }))
    await again()
    await eventually(async () => expect(await verdict.textContent()).to.match(/^Not known since \d\d:\d\d:\d\d UTC\./))
    expect(await page.locator('#live').textContent()).to.equal('Live')
    expect(await page.locator('#verdict.ok').count()).to.equal(0)
    await page.route('**/v1/vantages', (route) => route.fulfill({ json: { vantages: [row] } }))
    await page.route('**/v1/vantages/tokyo', (route) => route.fulfill({ json: { ...row, results: [stranger] } }))
    await again()
    await eventually(async () => expect(await verdict.textContent()).to.match(/^1 thing needs you\./))
    expect(await page.locator('.problems .what').textContent()).to.match(/stranger for 1 zone, .* seen from tokyo$/)
    await page.unrouteAll()
    await again()
    await eventually(async () => expect(await verdict.textContent()).to.match(/^All is well\./))
  })

  after(async () => {
    await watched?.close()
    await browser?.close()
    await scene?.stop()
  })

  it('shows every zone on every node, by cloud, and that it is live', async () => {
    await watched.page.locator('#nav [data-view=matrix]').click()
    await shows(ZONE, 'ams1', /in-sync, serial 1$/)
    await shows(ZONES[1]!, 'fra1', /in-sync, serial 1$/)
    const { page } = watched
    expect(await page.locator('.clouds .cloud').allTextContents()).to.deep.equal(['Cloud A', 'Cloud B'])
    await eventually(async () => expect(await page.locator('#live').textContent()).to.equal('Live'))
    expect(await page.locator('#redis').textContent()).to.equal('Redis up')
    expect(await page.locator('#hub').textContent()).to.match(/^test 2 zones × 3 nodes · version /)
    await eventually(async () => expect(await page.locator('[data-state=in-sync] b').textContent()).to.equal('6'))
    await picture(watched, 'at-rest')
  })

  it('updates a cell when the state of the node changes, without a reload', async () => {
    await watched.page.evaluate('globalThis.notLoadedAgain = true')
    await change(ZONE, 'live')
    for (const node of Object.keys(NODES)) await shows(ZONE, node, /in-sync, serial 2$/)
    await shows(ZONES[1]!, 'ams1', /in-sync, serial 1$/)
    expect(await watched.page.evaluate('globalThis.notLoadedAgain')).to.equal(true)
  })

  it('shows the chain of the newest release, step by step', async () => {
    const { page } = watched
    await page.locator(`[role=gridcell][aria-label^="${ZONE} on lhr1:"]`).click()
    const panel = page.locator('#panel')
    await eventually(async () => expect(await panel.locator('h2').textContent()).to.equal(`${ZONE} on lhr1`))
    await eventually(async () => {
      const steps = await panel.locator('.chain b').allTextContents()
      expect(steps.slice(0, 4)).to.deep.equal(['Announced', 'Transferred', 'Committed', 'Released'])
      expect(steps.at(-1)).to.equal('Node confirmed')
      expect(await panel.locator('.ending').textContent()).to.match(/^Waits for nothing: /)
    })
    expect(new URL(page.url()).hash).to.equal('#/matrix?zone=page.example.&node=lhr1')
    await picture(watched, 'why')
  })

  it("resyncs on request and shows the node's confirmation", async () => {
    const { page } = watched
    await page.locator('#panel [data-order=resync]').click()
    await page.locator('#order input[value=retransfer]').check()
    await page.locator('#order input[name=reason]').fill('a test of the page')
    await page.locator('#order button[type=submit]').click()
    await eventually(async () => expect(await page.locator('.job .sentence').textContent()).to.equal('Done: 1 of 1 confirmed.'), {
      timeoutMs: 15_000,
    })
    expect(await page.locator('.job .targets li').allTextContents()).to.deep.equal([`${ZONE} on lhr1 confirmed at serial 2`])
    const { jobs } = await api<{ jobs: { kind: string; state: string; data: Record<string, unknown> }[] }>(place, '/v1/jobs')
    expect(jobs.find(({ kind }) => kind === 'resync')).to.deep.include({ state: 'done' })
    expect(jobs.find(({ kind }) => kind === 'resync')?.data).to.include({ strength: 'retransfer', reason: 'a test of the page' })
    await picture(watched, 'resynced')
    await page.locator('.job .close').click()
  })

  it('resyncs every zone of a node, and shows the failures with their reasons', async () => {
    const { page } = watched
    await api(place, '/v1/nodes/fra1/drain', { method: 'POST', body: '{}' })
    await shows(ZONE, 'fra1', /drained/)
    await page.locator('.nodes [role=columnheader]', { hasText: 'fra1' }).click()
    await title('fra1')
    await page.locator('#view [data-order=resync]').click()
    await page.locator('#order button[type=submit]').click()
    await eventually(
      async () => expect(await page.locator('.job .sentence').textContent()).to.equal('Failed: 0 of 2 confirmed.'),
      { timeoutMs: 15_000 },
    )
    expect((await page.locator('.job .targets li').allTextContents()).join()).to.match(/fra1 failed: the node is drained/)
    await page.locator('.job .close').click()
    await api(place, '/v1/nodes/fra1/undrain', { method: 'POST', body: '{}' })
    await page.goBack()
    await shows(ZONE, 'fra1', /in-sync/)
  })

  it('shows a zone: primaries with their errors, and the stored versions', async () => {
    const { page } = watched
    await page.locator(`[role=rowheader][aria-label^="${ZONE}"]`).click()
    await title(ZONE)
    const table = (name: string) => page.locator(`#view [aria-label=${name}] tbody tr`)
    await eventually(async () => {
      expect(await table('Primaries').count()).to.equal(1)
      expect(await table('Versions').count()).to.equal(2)
    })
    await table('Versions').first().locator('a', { hasText: 'with 1' }).click()
    await eventually(async () =>
      expect((await page.locator('.difference p').allTextContents()).at(-1)).to.match(/^\+ live\.page\.example\.\s.*TXT/),
    )
    await picture(watched, 'zone')
    scene.servers.hm1!.pause()
    try {
      await eventually(
        async () => expect(await table('Primaries').locator('.error').last().textContent()).to.match(/127\.0\.0\.1/),
        { timeoutMs: 20_000 },
      )
      await picture(watched, 'primary-away')
    } finally {
      scene.servers.hm1!.resume()
    }
  }).timeout(40_000)

  it('filters by name and by state, and keeps the filter in the address', async () => {
    const { page } = watched
    await go('#/matrix')
    await page.locator('#match').fill('OTHER')
    const rows = page.locator('.body [role=rowheader]')
    await eventually(async () => expect(await rows.count()).to.equal(1))
    await page.locator('[data-state=stuck]').first().click()
    await eventually(async () => expect(await rows.count()).to.equal(0))
    expect(await page.locator('#empty').isVisible()).to.equal(true)
    expect(new URL(page.url()).hash).to.match(/^#\/matrix\?match=OTHER&state=stuck/)
    await page.locator('.chip.all', { hasText: 'all' }).click()
    await page.locator('#match').fill('')
    await eventually(async () => expect(await rows.count()).to.equal(2))
  })

  it('works with the keyboard: arrows move, Enter opens, Escape returns', async () => {
    const { page } = watched
    await page.keyboard.press('Escape')
    await page.locator('.nodes [role=columnheader][data-at="-1 0"]').focus()
    const focused = () => page.evaluate<string>('document.activeElement.getAttribute("aria-label")')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).to.match(/^other\.example\. on ams1: /)
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).to.match(/^page\.example\. on fra1: /)
    await page.keyboard.press('Enter')
    await eventually(async () => expect(await page.locator('#panel h2').textContent()).to.equal('page.example. on fra1'))
    expect(await page.evaluate('document.activeElement.tagName')).to.equal('H2')
    await page.keyboard.press('Escape')
    expect(await page.locator('#panel').isVisible()).to.equal(false)
    expect(await focused()).to.match(/^page\.example\. on fra1: /)
  })

  it('shows a silent node as behind, and the others unchanged', async () => {
    scene.servers.lhr1!.pause()
    try {
      await change(ZONE, 'silent')
      await shows(ZONE, 'ams1', /in-sync, serial 3$/)
      await shows(ZONE, 'lhr1', /(syncing|lagging|unknown), serial 2, \d+s behind/)
      await picture(watched, 'behind')
    } finally {
      scene.servers.lhr1!.resume()
    }
    await shows(ZONE, 'lhr1', /in-sync, serial 3$/)
  }).timeout(40_000)

  it('has logged no error', () => {
    expect(watched.complaints).to.deep.equal([])
  })

  it('fits the screen of a phone', async () => {
    const phone = await openPage(browser, `${place.api}/#/matrix?zone=${ZONE}&node=ams1`, {
      viewport: { width: 390, height: 780 },
      isMobile: true,
      hasTouch: true,
      colorScheme: 'dark',
    })
    await eventually(async () => expect(await phone.page.locator('.chain li').count()).to.be.greaterThan(3))
    await picture(phone, 'phone-why')
    await phone.page.locator('#panel .close').first().click()
    await eventually(async () => expect(await phone.page.locator('.body .cell').count()).to.be.greaterThan(3))
    await picture(phone, 'phone')
    const width = await phone.page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width).to.be.at.most(390)
    expect(phone.complaints).to.deep.equal([])
    await phone.close()
  })

  it('shows that it is not live when the hub stops, and reconnects by itself', async () => {
    const { page } = watched
    await page.locator('#nav [data-view=overview]').click()
    const age = page.locator('#view .age')
    await eventually(async () => expect(await age.textContent()).to.match(/^as of \d\d:\d\d:\d\d UTC$/))
    await scene.hub.stop()
    await eventually(async () => expect(await page.locator('#live').textContent()).to.match(/^Not live since \d\d:\d\d:\d\d$/))
    expect(await page.locator('#alerts').textContent()).to.match(/Not live: .* trying again/)
    expect(await age.textContent()).to.match(/^Old data, as of \d\d:\d\d:\d\d UTC/)
    expect(await page.locator('#verdict').textContent()).to.match(/^Not known since \d\d:\d\d:\d\d UTC\./)
    expect(await page.title()).to.match(/^Not live · /)
    await picture(watched, 'not-live')
    scene.hub = await startHub(place)
    await eventually(async () => expect(await page.locator('#live').textContent()).to.equal('Live'), { timeoutMs: 20_000 })
    expect(await page.locator('#alerts').textContent()).to.equal('')
    await eventually(async () => expect(await age.textContent()).to.match(/^as of \d\d:\d\d:\d\d UTC$/))
    await page.locator('#nav [data-view=matrix]').click()
    await change(ZONE, 'back')
    await shows(ZONE, 'ams1', /in-sync, serial 4$/)
  }).timeout(40_000)
})
