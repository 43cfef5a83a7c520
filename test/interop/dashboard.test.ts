/**
 *   Knot (primary) ──▶ zonecast ──▶ cloud A: NSD ×2 · cloud B: Knot
 *                         ▲
 *                      Chromium
 *
 * The live page in an operator's browser: its updates without a reload, and its buttons.
 */
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { readLocalToken } from '../../lib/state/local-token.js'
import { needsBrowser, openBrowser, openPage, picture, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONES = ['page.example.', 'other.example.']
const ZONE = ZONES[0]!
const NODE_IPS = { ams1: '127.0.0.8', lhr1: '127.0.0.9', fra1: '127.0.0.10' } as const

describe('the live page', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  needsBrowser()
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const nodeKey = makeKey('node-key')
  const servers: Record<string, LabServer> = {}
  let place: HubPlace
  let hub: TestHub
  let browser: Browser
  let watched: WatchedPage

  const change = (zone: string, record: string) =>
    updateZone({ ip: servers.hm1!.ip, port: servers.hm1!.port, key: primaryKey }, zone, [`add ${record}.${zone} 60 TXT "x"`])
  const cell = (zone: string, node: string) =>
    watched.page.locator(`[role=gridcell][aria-label^="${zone} on ${node}:"]`).getAttribute('aria-label', { timeout: 5000 })
  const shows = (zone: string, node: string, words: RegExp) =>
    eventually(async () => expect(await cell(zone, node)).to.match(words), { timeoutMs: 15_000 })

  before(async () => {
    const transfer = await findPort()
    const from = [{ ip: '127.0.0.1', port: transfer, key: nodeKey }]
    const started = await Promise.all([
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: ZONES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 40, retrySeconds: 1 }) })),
        transferKey: primaryKey,
        updateKey: primaryKey,
      }),
      ...Object.entries(NODE_IPS).map(async ([name, ip]) =>
        (name === 'fra1' ? startKnot : startNsd)({
          name,
          ip,
          port: await findPort(ip),
          zones: ZONES.map((zone) => ({ name: zone, from })),
        }),
      ),
    ])
    for (const server of started) servers[server.name] = server
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: servers.hm1!.ip, port: servers.hm1!.port, key: primaryKey } },
        nodes: Object.fromEntries(
          Object.keys(NODE_IPS).map((id) => [
            id,
            { cloud: id === 'fra1' ? 'B' : 'A', ip: servers[id]!.ip, port: servers[id]!.port, key: nodeKey },
          ]),
        ),
        zones: ZONES.map((name) => ({ name })),
      },
      { transfer },
    )
    hub = await startHub(place)
    for (const zone of ZONES) await inSync(hub, zone, 1)
    browser = await openBrowser()
    watched = await openPage(browser, `${place.api}/`, { viewport: { width: 1400, height: 800 } })
  })

  it('is readable without a token, and gives orders with the token that the hub created', async () => {
    const { page } = watched
    await eventually(async () => expect(await page.locator('#token-button').textContent()).to.equal('Sign in'))
    await page.locator('#token-button').click()
    await page.locator('#token-input').fill(readLocalToken(join(dirname(place.configFile), 'data'))!)
    await page.locator('#token button[type=submit]').click()
    await eventually(async () => expect(await page.locator('#token-button').textContent()).to.equal('Sign out'))
  })

  after(async () => {
    await watched?.close()
    await browser?.close()
    await hub?.stop()
    await Promise.all(Object.values(servers).map((server) => server.stop()))
  })

  it('shows every zone on every node, by cloud, and that it is live', async () => {
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
    for (const node of Object.keys(NODE_IPS)) await shows(ZONE, node, /in-sync, serial 2$/)
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
    expect(new URL(page.url()).hash).to.equal('#zone=page.example.&node=lhr1')
    await picture(watched, 'why')
  })

  it("resyncs on request and shows the node's confirmation", async () => {
    const { page } = watched
    await page.locator('#panel input[value=retransfer]').check()
    await page.locator('#panel input[name=reason]').fill('a test of the page')
    await page.locator('#panel button[type=submit]').click()
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
    await page.locator('#panel button[type=submit]').click()
    await eventually(
      async () => expect(await page.locator('.job .sentence').textContent()).to.equal('Failed: 0 of 2 confirmed.'),
      { timeoutMs: 15_000 },
    )
    expect((await page.locator('.job .targets li').allTextContents()).join()).to.match(/fra1 failed: the node is drained/)
    await api(place, '/v1/nodes/fra1/undrain', { method: 'POST', body: '{}' })
    await shows(ZONE, 'fra1', /in-sync/)
    await page.locator('.job .close').click()
  })

  it('shows a zone: primaries with their errors, and the stored versions', async () => {
    const { page } = watched
    await page.locator(`[role=rowheader][aria-label^="${ZONE}"]`).click()
    await eventually(async () => {
      expect(await page.locator('#panel table').nth(0).locator('tbody tr').allTextContents()).to.have.length(1)
      expect(await page.locator('#panel table').nth(1).locator('tbody tr').count()).to.equal(2)
    })
    await picture(watched, 'zone')
    servers.hm1!.pause()
    try {
      await eventually(
        async () => expect(await page.locator('#panel table').nth(0).locator('.error').textContent()).to.match(/127\.0\.0\.1/),
        {
          timeoutMs: 20_000,
        },
      )
      await picture(watched, 'primary-away')
    } finally {
      servers.hm1!.resume()
    }
  }).timeout(40_000)

  it('filters by name and by state, and keeps the filter in the address', async () => {
    const { page } = watched
    await page.locator('#match').fill('OTHER')
    const rows = page.locator('.body [role=rowheader]')
    await eventually(async () => expect(await rows.count()).to.equal(1))
    await page.locator('[data-state=stuck]').first().click()
    await eventually(async () => expect(await rows.count()).to.equal(0))
    expect(await page.locator('#empty').isVisible()).to.equal(true)
    expect(new URL(page.url()).hash).to.match(/^#match=OTHER&state=stuck/)
    await page.locator('.chip', { hasText: 'all' }).click()
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
    servers.lhr1!.pause()
    try {
      await change(ZONE, 'silent')
      await shows(ZONE, 'ams1', /in-sync, serial 3$/)
      await shows(ZONE, 'lhr1', /(syncing|lagging|unknown), serial 2, \d+s behind/)
      await picture(watched, 'behind')
    } finally {
      servers.lhr1!.resume()
    }
    await shows(ZONE, 'lhr1', /in-sync, serial 3$/)
  }).timeout(40_000)

  it('has logged no error', () => {
    expect(watched.complaints).to.deep.equal([])
  })

  it('fits the screen of a phone', async () => {
    const phone = await openPage(browser, `${place.api}/#zone=${ZONE}&node=ams1`, {
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
    await hub.stop()
    await eventually(async () => expect(await page.locator('#live').textContent()).to.match(/^Not live since \d\d:\d\d:\d\d$/))
    expect(await page.locator('#alerts').textContent()).to.match(/Not live: .* trying again/)
    await picture(watched, 'not-live')
    hub = await startHub(place)
    await eventually(async () => expect(await page.locator('#live').textContent()).to.equal('Live'), { timeoutMs: 20_000 })
    expect(await page.locator('#alerts').textContent()).to.equal('')
    await change(ZONE, 'back')
    await shows(ZONE, 'ams1', /in-sync, serial 4$/)
  }).timeout(40_000)
})
