/** The live page of a hub that requires a token: its prompt, and the limits of a viewer. No server runs behind the hub. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { findPort } from '../../lab/ports.js'
import { needsBrowser, openBrowser, openPage, picture } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { startHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'page.example.'

describe('the live page with tokens', function () {
  this.timeout(60_000)
  needsPeers('redis')
  needsBrowser()
  const scratch = scratchDirs()
  let browser: Browser

  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  it('asks for a token when the hub requires one, and names the role of a viewer', async () => {
    const guarded = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: { ip: '127.0.0.1', port: await findPort() } },
      nodes: { ams1: { cloud: 'A', ip: '127.0.0.8', port: await findPort('127.0.0.8') } },
      zones: [{ name: ZONE }],
    })
    const token = 'look-only'
    const sha256 = createHash('sha256').update(token).digest('hex')
    const config = JSON.parse(readFileSync(guarded.configFile, 'utf8'))
    config.api.tokens = [{ name: 'wall', role: 'viewer', sha256 }]
    writeFileSync(guarded.configFile, JSON.stringify(config))
    const other = await startHub(guarded)
    const asked = await openPage(browser, `${guarded.api}/`)
    try {
      const { page } = asked
      await eventually(async () => expect(await page.locator('#token').isVisible()).to.equal(true))
      await picture(asked, 'token')
      await page.locator('#token-input').fill('bad')
      await page.locator('#token button[type=submit]').click()
      await eventually(async () => expect(await page.locator('#token-reason').textContent()).to.equal('the token is unknown'))
      await page.locator('#token-input').fill(token)
      await page.locator('#token button[type=submit]').click()
      await eventually(async () => expect(await page.locator('#live').textContent()).to.equal('Live'))
      expect(await page.locator('#who').textContent()).to.equal('wall · viewer')
      await page.evaluate("location.hash = '#/node/ams1'")
      const drain = page.locator('#view [data-order=drain]')
      await eventually(async () => expect(await drain.getAttribute('aria-disabled')).to.equal('true'))
      await drain.press('Enter')
      expect(await page.locator('#order .refusal').textContent()).to.equal(
        'You are wall, role viewer; this order needs the role operator.',
      )
      expect(await page.locator('#order button[type=submit]').isDisabled()).to.equal(true)
      expect(page.url()).to.not.include(token)
      expect(await page.evaluate('JSON.stringify({ ...localStorage })')).to.not.include(token)
      // Chromium reports every 401 by itself.
      expect(asked.complaints.filter((text) => !text.includes('401'))).to.deep.equal([])
    } finally {
      await asked.close()
      await other.stop()
    }
  })

  it('has every view for a caller with a scope, without a request that is refused', async () => {
    const guarded = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: { ip: '127.0.0.1', port: await findPort() } },
      nodes: {
        ams1: { cloud: 'A', ip: '127.0.0.8', port: await findPort('127.0.0.8') },
        fra1: { cloud: 'B', ip: '127.0.0.9', port: await findPort('127.0.0.9') },
      },
      zones: [{ name: ZONE }, { name: 'private-zone.example.' }],
    })
    const config = JSON.parse(readFileSync(guarded.configFile, 'utf8'))
    const sha256 = createHash('sha256').update('shop').digest('hex')
    config.api.tokens = [{ name: 'shop', role: 'publisher', sha256, zones: [ZONE], clouds: ['A'] }]
    writeFileSync(guarded.configFile, JSON.stringify(config))
    const other = await startHub(guarded)
    const asked = await openPage(browser, `${guarded.api}/`)
    try {
      const { page } = asked
      await page.locator('#token-input').fill('shop')
      await page.locator('#token button[type=submit]').click()
      await eventually(async () => expect(await page.locator('#live').textContent()).to.equal('Live'))
      expect(await page.locator('#who').getAttribute('title')).to.include('only ')
      const refused: string[] = []
      page.on('response', (response) => {
        if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`)
      })
      for (const view of ['overview', 'matrix', `zone/${ZONE}`, 'node/ams1', 'rollouts', 'jobs', 'audit', 'topology']) {
        await page.evaluate(`location.hash = '#/${view}'`)
        const age = page.locator('#view .age')
        if (view !== 'matrix') await eventually(async () => expect(await age.textContent()).to.match(/^as of/))
        expect(await page.locator('body').textContent(), view).to.not.match(/private-zone|fra1/)
      }
      expect(refused).to.deep.equal([])
    } finally {
      await asked.close()
      await other.stop()
    }
  })
})
