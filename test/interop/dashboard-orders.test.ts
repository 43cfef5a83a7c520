/** Every order of the live page, by keyboard alone, against a hub with name servers: the effect stated first, and the answer. */
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { barriers, needsBrowser, openBrowser, openPage, picture, tabTo, type WatchedPage } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { type PageScene, startPageScene } from '../support/page-scene.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, inSync } from '../support/test-hub.js'

const ZONE = 'order.example.'

describe('orders of the live page, by keyboard alone', function () {
  this.timeout(40_000)
  needsPeers('knot', 'nsd', 'redis')
  needsBrowser()
  const scratch = scratchDirs()
  let scene: PageScene
  let browser: Browser
  let watched: WatchedPage
  let page: Page

  const open = async (selector: string): Promise<void> => {
    await tabTo(page, selector)
    await page.keyboard.press('Enter')
  }
  const text = (selector: string): Promise<string | null> => page.locator(selector).first().textContent({ timeout: 5000 })
  const shows = (selector: string, words: RegExp): Promise<unknown> =>
    eventually(async () => expect(await text(selector)).to.match(words), { timeoutMs: 15_000 })
  const view = async (key: string, title: string): Promise<void> => {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await shows('#view h2', new RegExp(`^${title}$`))
  }
  /** Opens the dialog of an order, reads the effect, and sends the order. */
  const order = async (id: string, effect: RegExp, reason = 'a test'): Promise<void> => {
    await open(`#view [data-order=${id}]`)
    await shows('#order .does', effect)
    await page.keyboard.type(reason)
    await page.keyboard.press('Enter')
  }
  const answered = async (words: RegExp): Promise<void> => {
    await shows('#order .outcome', words)
    await page.keyboard.press('Enter')
    await eventually(async () => expect(await page.locator('#order').isVisible()).to.equal(false))
  }
  const jobDone = async (words: RegExp): Promise<void> => {
    await eventually(async () => expect(await page.locator('#order').isVisible()).to.equal(false))
    await shows('.job .sentence', words)
    await open('.job .close')
  }
  const zoneState = async () =>
    await api<{ serial: number; held: string | null; onHold: { by: string; reason: string } | null }>(
      scene.place,
      `/v1/zones/${ZONE}`,
    )

  before(async () => {
    scene = await startPageScene(scratch(), [ZONE])
    browser = await openBrowser()
    watched = await openPage(browser, `${scene.place.api}/`, { viewport: { width: 1280, height: 900 } })
    page = watched.page
  })
  after(async () => {
    await watched?.close()
    await browser?.close()
    await scene?.stop()
  })

  it('are refused with a reason before anyone has signed in', async () => {
    await shows('#who', /^not signed in: read only$/)
    await page.evaluate(`location.hash = '#/zone/${ZONE}'`)
    await open('#view [data-order=hold]')
    await shows('#order .refusal', /^You are not signed in; this order needs the role operator\.$/)
    await page.keyboard.press('Escape')
    expect((await zoneState()).held).to.equal(null)
  })

  it('begin with a sign-in', async () => {
    await open('#token-button')
    await page.keyboard.type(scene.token)
    await page.keyboard.press('Enter')
    await shows('#who', /^local · admin$/)
  })

  it('reach a zone from the matrix', async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('m')
    await tabTo(page, '#matrix [data-at]')
    await eventually(async () => {
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Home')
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).to.match(/^order\.example\. serial 1/)
    })
    await page.keyboard.press('Enter')
    await shows('#view h2', /^order\.example\.$/)
    await eventually(async () => expect(await page.evaluate('document.activeElement.id')).to.equal('view-title'))
  })

  it('hold a zone, which the overview shows at once', async () => {
    await order('hold', /No newer version of order\.example\. is released/, 'maintenance')
    await answered(/^Hold accepted/)
    expect((await zoneState()).onHold).to.include({ by: 'local', reason: 'maintenance' })
    await view('o', 'Overview')
    await shows('#verdict', /^1 thing needs you\./)
    await shows('.problems .what', /^order\.example\. is on hold$/)
    await picture(watched, 'on-hold')
    await open('.problems .what a')
    await shows('#view h2', /^order\.example\.$/)
  })

  it('resume a zone, and not without a reason', async () => {
    await order('release', /The hold of order\.example\. ends/, ' ')
    await page.keyboard.press('Escape')
    expect((await zoneState()).held).to.match(/maintenance/)
    await order('release', /The hold of order\.example\. ends/, 'maintenance is over')
    await answered(/^Resume accepted/)
    expect((await zoneState()).onHold).to.equal(null)
  })

  it('approve a held version after its report and its difference', async () => {
    await scene.change(ZONE, `delete www.${ZONE} A`)
    await shows('.reason-box', /protected record is missing/)
    await open('#view h3 a')
    await shows('.difference', /− www\.order\.example\..*192\.0\.2\.80/)
    await shows('.checks .hold', /^hold protected/)
    await picture(watched, 'held')
    await order('approve', /Serial 2 goes out to the nodes of order\.example\., stage by stage/, 'the record is not needed')
    await answered(/^Approve accepted/)
    await inSync(scene.hub, ZONE, 2)
    await shows('.rollout-state', /^done$/)
    await picture(watched, 'approved')
  })

  it('roll back to the content of an earlier version', async () => {
    await page.evaluate(`location.hash = '#/zone/${ZONE}'`)
    await order('rollback', /The content of serial 1 is released again/, 'the record was needed')
    await answered(/^Roll back accepted/)
    await eventually(async () => expect((await zoneState()).serial).to.be.greaterThan(2), { timeoutMs: 15_000 })
    await inSync(scene.hub, ZONE)
  })

  it('reject a held version', async () => {
    await scene.change(
      ZONE,
      'add serial.order.example. 60 TXT "x"',
      `add ${ZONE} 60 SOA ns1.${ZONE} hostmaster.${ZONE} 100 3600 1 604800 300`,
    )
    await shows('.reason-box', /protected record is missing/)
    await order('reject', /Serial \d+ of order\.example\. is never released/, 'the record is needed')
    await answered(/^Reject accepted/)
    expect((await zoneState()).held).to.equal(null)
  })

  it('refresh, resync with a strength, and verify a zone, with the progress of the job', async () => {
    await order('refresh', /polls the primaries/)
    await jobDone(/^Done/)
    await open('#view [data-order=resync]')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('ArrowDown')
    await shows('#order .does', /polls the primaries, transfers a newer version/)
    await page.keyboard.press('ArrowUp')
    await shows('#order .does', /sends NOTIFY to every node of order\.example\./)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await jobDone(/^Done: 3 of 3 confirmed\.$/)
    await order('verify', /compares what is served of order\.example\./)
    await jobDone(/^Done: 3 of 3 the same\.$/)
    await shows('#view', /3 nodes the same/)
  })

  it('drain and undrain a node', async () => {
    await view('t', 'Topology')
    await open('#view td a[href="#/node/lhr1"]')
    await shows('#view h2', /^lhr1$/)
    await order('drain', /Delivery to lhr1 stops/, 'new disk')
    await answered(/^Drain accepted: drained/)
    await shows('.reason-box', /^Drained by local: new disk\.$/)
    await order('undrain', /Delivery to lhr1 starts again/)
    await answered(/^Undrain accepted/)
    await inSync(scene.hub, ZONE)
  })

  it('resync, force and verify a node', async () => {
    await order('resync', /sends NOTIFY to every zone on lhr1/)
    await jobDone(/^Done: 1 of 1 confirmed\.$/)
    await order('force', /lhr1 is ordered to transfer all records again/)
    await answered(/^There was nothing to do\.$/)
    await open('#view [data-order=force]')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await jobDone(/^Done: 1 of 1 confirmed\.$/)
    await order('verify', /compares what is served of every zone on lhr1/)
    await jobDone(/^Done: 1 of 1 the same\.$/)
  })

  it('are in the lists of jobs, rollouts and the audit log', async () => {
    await view('j', 'Jobs')
    await shows('.job-rows', /verify.*lhr1/)
    await open('.job-row summary')
    await shows('.job-row details[open]', /the same|same content/)
    await view('r', 'Rollouts')
    await shows('#view table', /rejected/)
    await view('a', 'Audit')
    await shows('#view table', /new disk/)
    await tabTo(page, '#view input[name=node]')
    await page.keyboard.type('lhr1')
    await page.keyboard.press('Enter')
    await eventually(async () => expect(await text('#view table')).to.not.match(/the record is not needed/))
    expect(new URL(page.url()).hash).to.equal('#/audit?node=lhr1')
  })

  for (const colorScheme of ['light', 'dark'] as const)
    it(`have no barrier in any view and in their dialogs: ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme })
      const { rollouts } = await api<{ rollouts: { id: string }[] }>(scene.place, '/v1/rollouts')
      const views = [
        'overview',
        'matrix',
        `matrix?zone=${ZONE}&node=lhr1`,
        `zone/${ZONE}`,
        `pair/${ZONE}/fra1`,
        'node/lhr1?show=configuration',
        'rollouts',
        `rollout/${rollouts[0]!.id}`,
        'jobs',
        'audit',
        'topology',
      ]
      for (const name of views) {
        await page.evaluate(`location.hash = ${JSON.stringify(`#/${name}`)}`)
        await eventually(async () => expect(await page.locator('text=Asking the hub…').count()).to.equal(0))
        await eventually(async () => expect(await barriers(watched), name).to.deep.equal([]), { timeoutMs: 2000 })
      }
      await page.evaluate(`location.hash = '#/node/lhr1'`)
      await open('#view [data-order=drain]')
      expect(await barriers(watched)).to.deep.equal([])
      await page.keyboard.press('Escape')
    })

  it('have caused no error on the console and no request to another server', () => {
    expect(watched.complaints).to.deep.equal([])
  })
})
