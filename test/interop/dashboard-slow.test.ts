/** The page of a hub that answers slowly while it reports many changes, with simulated data. */
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { needsBrowser, openBrowser, openPage, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { type SimulatedHub, startSimulatedHub } from '../support/simulated-hub.js'

describe('the page of a slow hub with many changes', function () {
  this.timeout(40_000)
  needsBrowser()
  let hub: SimulatedHub
  let browser: Browser
  let watched: WatchedPage
  let changes: NodeJS.Timeout

  before(async () => {
    hub = await startSimulatedHub(50, 10)
    browser = await openBrowser()
    watched = await openPage(browser, `${hub.url}/#/rollouts`)
  })
  after(async () => {
    clearInterval(changes)
    await watched?.close()
    await browser?.close()
    await hub?.close()
  })

  it('shows newer data again and again, though each answer takes longer than the next change', async () => {
    const age = (): Promise<string | null> => watched.page.locator('#view .age').textContent()
    await eventually(async () => expect(await age()).to.match(/^as of/))
    hub.delayMs = 2000
    changes = setInterval(() => hub.report('rollout', { zone: 'zone000001.example.', state: 'releasing' }), 100)
    // Reads that began before the answers were slow.
    await watched.page.waitForTimeout(3000)
    const before = await age()
    const isNewer = async () =>
      expect(await age())
        .to.match(/^as of/)
        .and.not.equal(before)
    await eventually(isNewer, { timeoutMs: 20_000 })
    expect(watched.complaints).to.deep.equal([])
  })
})
