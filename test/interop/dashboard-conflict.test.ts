/**
 *   hm1: Knot, hm2: Knot, two contents under one serial ──▶ zonecast ◀── Chromium
 *
 * An operator finds the conflict on the live page, compares the contents, and chooses one. No node runs.
 */
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { barriers, needsBrowser, openBrowser, openPage, picture, tabTo, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, credentials, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'torn.example.'

interface ZoneView {
  digest: string | null
  rivals: { digest: string; from: string }[]
}

describe('a conflict on the live page', function () {
  this.timeout(40_000)
  needsPeers('knot', 'redis')
  needsBrowser()
  const scratch = scratchDirs()
  const key = makeKey('primary-key')
  let primaries: LabServer[]
  let hub: TestHub
  let browser: Browser
  let watched: WatchedPage

  const view = () => api<ZoneView>(hub, `/v1/zones/${ZONE}`)

  before(async () => {
    primaries = await Promise.all(
      [
        ['hm1', '127.0.0.18'],
        ['hm2', '127.0.0.19'],
      ].map(async ([name, ip]) => {
        const text = zoneText(ZONE, { records: 20, retrySeconds: 1, extra: [`which TXT "${name}"`] })
        return await startKnot({
          name: name!,
          ip: ip!,
          port: await findPort(ip),
          zones: [{ name: ZONE, text }],
          transferKey: key,
        })
      }),
    )
    const place = await writeHubConfig({
      folder: scratch(),
      primaries: Object.fromEntries(primaries.map(({ name, ip, port }) => [name, { ip, port, key }])),
      nodes: { ams1: { cloud: 'A', ip: '127.0.0.20', port: await findPort('127.0.0.20') } },
      zones: [{ name: ZONE }],
    })
    hub = await startHub(place)
    browser = await openBrowser()
    watched = await openPage(browser, `${hub.api}/`)
    const { page } = watched
    await page.locator('#token-button').click()
    await page.locator('#token-input').fill(credentials(hub).authorization!.replace('Bearer ', ''))
    await page.locator('#token button[type=submit]').click()
    await eventually(async () => expect((await view()).rivals).to.have.length(1), { timeoutMs: 20_000 })
  })
  after(async () => {
    await watched?.close()
    await browser?.close()
    await hub?.stop()
    await Promise.all((primaries ?? []).map((server) => server.stop()))
  })

  it('is a fault of the overview, with the zone as its next step', async () => {
    const fault = watched.page.locator('.problems .what a', { hasText: `${ZONE} is in conflict` })
    await fault.click({ timeout: 15_000 })
    await eventually(async () => expect(await watched.page.locator('#view h2').textContent()).to.equal(ZONE))
  })

  it('shows both contents, and their difference', async () => {
    const { page } = watched
    const rows = page.locator('[aria-label="Conflicting contents"] tbody tr')
    await eventually(async () => expect(await rows.count()).to.equal(2))
    await rows.last().locator('a').click()
    await eventually(async () => {
      const records = (await page.locator('.difference p').allTextContents()).filter((line) => line.includes('which'))
      expect(records.map((line) => line[0])).to.deep.equal(['−', '+'])
    })
    expect(await barriers(watched)).to.deep.equal([])
    await picture(watched, 'conflict')
  })

  it('ends with the choice of a content, by keyboard alone', async () => {
    const { page } = watched
    const [rival] = (await view()).rivals
    const button = `[data-order=choose][aria-label$=" of ${rival!.from}"]`
    await page.locator('#view-title').focus()
    await tabTo(page, button)
    await page.keyboard.press('Enter')
    expect(await page.locator('#order .does').textContent()).to.include(`The records that ${rival!.from} serves`)
    expect(await page.evaluate('document.activeElement.name')).to.equal('reason')
    await page.keyboard.type('it has the records of the registry')
    await page.keyboard.press('Enter')
    await eventually(async () => expect(await page.locator('#order .outcome').textContent()).to.match(/^Choose accepted/))
    await eventually(async () => expect(await view()).to.deep.include({ rivals: [], digest: rival!.digest }), {
      timeoutMs: 15_000,
    })
    expect(watched.complaints).to.deep.equal([])
  })
})
