/** The matrix of 10,000 zones on 100 nodes, with simulated data: the urgent zones first, and only visible cells as elements. */
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { needsBrowser, openBrowser, openPage, picture, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { type SimulatedHub, startSimulatedHub } from '../support/simulated-hub.js'

const ZONES = 10_000
const NODES = 100

describe('the matrix of a large fleet', function () {
  this.timeout(30_000)
  needsBrowser()
  let hub: SimulatedHub
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  before(async () => {
    hub = await startSimulatedHub(ZONES, NODES)
    browser = await openBrowser()
    watched = await openPage(browser, `${hub.url}/#/matrix`, { viewport: { width: 1400, height: 900 } })
    page = watched.page
  })
  after(async () => {
    await watched?.close()
    await browser?.close()
    await hub?.close()
  })

  const firstRows = async (): Promise<string[]> => {
    const rows = page.locator('.body .row')
    const places = await rows.evaluateAll((all) =>
      all.map((row) => [Number(row.getAttribute('aria-rowindex')), row.firstElementChild?.getAttribute('aria-label')]),
    )
    return places.sort(([a], [b]) => Number(a) - Number(b)).map(([, label]) => String(label))
  }

  it('has the stuck and the held zones before those of two silent nodes', async () => {
    await eventually(async () => expect(await page.locator('.body .row').count()).to.be.greaterThan(10))
    const rows = await firstRows()
    expect(rows[0]).to.match(/^zone000005\.example\. .*, stuck$/)
    expect(rows[1]).to.match(/^zone000105\.example\. .*, stuck$/)
    await page.locator('#match').fill('zone0000')
    await eventually(async () => expect((await firstRows())[1]).to.match(/^zone000042\.example\. .*, unknown, held$/))
    await page.locator('#match').fill('')
    await eventually(async () => expect((await firstRows())[1]).to.match(/^zone000105/))
    await picture(watched, 'large')
  })

  it('has the state of each node in the head of its column', async () => {
    const head = (id: string) => page.locator(`.nodes [data-node=${id}]`).getAttribute('aria-label')
    expect(await head('n003')).to.equal('n003, S03: 10,000 unknown')
    expect(await head('n007')).to.equal('n007, S07: 100 stuck, 9,900 in-sync')
    expect(await head('n000')).to.equal('n000, S00: 10,000 in-sync')
  })

  it('has no elements for cells that are not visible, wherever it is scrolled', async () => {
    const cells = () => page.locator('.body .cell').count()
    expect(await cells()).to.be.lessThan(4000)
    await page.locator('#matrix').evaluate((grid) => grid.scrollTo(100_000, 3000))
    await eventually(async () =>
      expect(await page.locator('[role=gridcell][aria-label*=" on n098:"]').count()).to.be.greaterThan(5),
    )
    expect(await page.locator('[role=gridcell][aria-label*=" on n001:"]').count()).to.equal(0)
    expect(await cells()).to.be.lessThan(4000)
  })

  it('reads further zones when scrolled, up to the last', async () => {
    await eventually(
      async () => {
        await page.locator('#matrix').evaluate((grid) => grid.scrollTo(0, grid.scrollHeight))
        expect(Number(await page.locator('#matrix').getAttribute('aria-rowcount'))).to.be.greaterThan(1000)
      },
      { timeoutMs: 15_000 },
    )
  })

  it('moves the focus to columns and rows that have no elements yet', async () => {
    await page.locator('#matrix').evaluate((grid) => grid.scrollTo(0, 0))
    await eventually(async () => expect((await firstRows())[0]).to.match(/^zone000005/))
    await page.locator('.body .row [data-at="0 0"]').focus()
    const focused = () => page.evaluate<string>('document.activeElement.getAttribute("aria-label")')
    await page.keyboard.press('End')
    expect(await focused()).to.match(/^zone000005\.example\. on n098: /)
    await page.keyboard.press('PageDown')
    await page.keyboard.press('PageDown')
    expect(await focused()).to.match(/ on n098: /)
    await page.keyboard.press('Home')
    expect(await focused()).to.match(/^zone\d+\.example\. serial/)
  })

  it('folds a local cluster to one column and unfolds it, by keyboard alone', async () => {
    const head = (id: string) => page.locator(`.nodes [data-node="${id}"]`).count()
    await page.locator('#matrix').evaluate((grid) => grid.scrollTo(0, 0))
    await page.locator('#clusters').focus()
    await page.keyboard.press('Space')
    await eventually(async () => expect([await head('ams ×2'), await head('n006'), await head('n008')]).to.deep.equal([1, 0, 0]))
    expect(await page.locator('#matrix').getAttribute('aria-colcount')).to.equal('100')
    await page.locator('.nodes [data-node="ams ×2"]').focus()
    const cells = page.locator('[role=gridcell][aria-label*=" on ams ×2, worst n006: in-sync"]')
    await eventually(async () => expect(await cells.count()).to.be.greaterThan(5))
    await page.keyboard.press('Enter')
    await eventually(async () => expect([await head('ams ×2'), await head('n006'), await head('n008')]).to.deep.equal([0, 1, 1]))
    expect(await page.evaluate('document.activeElement.dataset.at')).to.match(/^-1 /)
    expect(await page.locator('#clusters').isChecked()).to.equal(false)
  })

  it('changes the cell of an event alone', async () => {
    await page.locator('#matrix').evaluate((grid) => grid.scrollTo(0, 0))
    const label = () => page.locator('[role=gridcell][aria-label^="zone000005.example. on n001:"]').getAttribute('aria-label')
    await eventually(async () => expect(await label()).to.match(/in-sync/))
    const cell = { serial: 7, state: 'lagging', since: null, observedAt: new Date().toISOString(), lagSeconds: 60, error: null }
    hub.report('node', { zone: 'zone000005.example.', node: 'n001', ...cell, verified: null })
    await eventually(async () => expect(await label()).to.match(/lagging, serial 7/))
  })

  it('shows a silent node once on the overview, and the zone that is held', async () => {
    await page.evaluate("location.hash = '#/overview'")
    await eventually(async () =>
      expect(await page.locator('.problems .what').allTextContents()).to.deep.equal([
        'Node n003 of cloud B does not answer',
        'Node n004 of cloud A does not answer',
        'Node n007 of cloud B: 100 stuck of 10,000 zones',
        'zone000042.example. is on hold',
      ]),
    )
  })

  it('has caused no error on the console and no request to another server', () => {
    expect(watched.complaints).to.deep.equal([])
  })
})
