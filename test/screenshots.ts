/**
 * Writes the pictures of the live page that README.md and docs/operate/page.md show to docs/images: `npm run screenshots`. A hub with real
 * name servers has the faults that they show; the large matrix has simulated data.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, openPage } from './support/browser.js'
import { eventually } from './support/eventually.js'
import { type PageScene, startPageScene } from './support/page-scene.js'
import { startSimulatedHub } from './support/simulated-hub.js'
import { api } from './support/test-hub.js'

const FOLDER = 'docs/images'
const ZONES = ['example.com.', 'example.net.', 'shop.example.']
const WIDE = { width: 1180, height: 740 }

const see = async (page: Page, text: string): Promise<void> => {
  await page.locator(`text=${text}`).first().waitFor({ timeout: 40_000 })
}

async function shoot(page: Page, name: string): Promise<void> {
  // The focus ring is for the keyboard.
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  process.stdout.write(`${join(FOLDER, `${name}.png`)}\n`)
}

/** A held version, a zone on hold, and a node that does not answer. */
async function makeFaults(scene: PageScene): Promise<void> {
  for (const i of [1, 2, 3]) {
    await scene.change('example.com.', `add new${i}.example.com. 60 A 192.0.2.${i}`)
    await eventually(async () => {
      const { rollouts } = await api<{ rollouts: { serial: number; state: string }[] }>(
        scene.place,
        '/v1/rollouts?zone=example.com',
      )
      if (rollouts[0]?.serial !== i + 1 || rollouts[0].state !== 'done') throw new Error('not released yet')
    })
  }
  await scene.change('example.net.', 'delete www.example.net. A', 'add shop.example.net. 60 A 192.0.2.81')
  const body = JSON.stringify({ reason: 'the registry moves the zone' })
  await api(scene.place, '/v1/zones/shop.example/hold', { method: 'POST', body })
  scene.servers.lhr1!.pause()
  await scene.change('example.com.', 'add last.example.com. 60 A 192.0.2.9')
}

async function shootScene(browser: Browser, folder: string): Promise<void> {
  const scene = await startPageScene(folder, ZONES, {
    hub: 'hub-east',
    defaults: { refresh: { min: '200ms', max: '2s' }, lag: { warn: '4s' }, observe: { every: '1s' } },
  })
  const { page, close } = await openPage(browser, `${scene.place.api}/`, { viewport: WIDE, colorScheme: 'light' })
  try {
    await page.locator('#token-button').click()
    await page.locator('#token-input').fill(scene.token)
    await page.locator('#token button[type=submit]').click()
    await makeFaults(scene)
    await see(page, 'Node lhr1 of cloud A')
    await shoot(page, 'overview')
    await page.evaluate("location.hash = '#/zone/example.net.'")
    await see(page, 'A protected record is missing')
    await page.locator('#view [data-order=approve]').click()
    await page.locator('#order input[name=reason]').fill('the old web server is gone')
    await shoot(page, 'approve')
    await page.keyboard.press('Escape')
    await page.evaluate("location.hash = '#/zone/example.com.'")
    await see(page, 'Stage')
    await page.emulateMedia({ colorScheme: 'dark' })
    await shoot(page, 'zone')
  } finally {
    await close()
    scene.servers.lhr1!.resume()
    await scene.stop()
  }
}

async function shootMatrix(browser: Browser): Promise<void> {
  const hub = await startSimulatedHub(10_000, 100)
  const { page, close } = await openPage(browser, `${hub.url}/#/matrix`, { viewport: WIDE, colorScheme: 'light' })
  try {
    await see(page, 'zone000005.example.')
    await page.locator('.nodes .lag').first().waitFor()
    await shoot(page, 'matrix')
  } finally {
    await close()
    await hub.close()
  }
}

mkdirSync(FOLDER, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'zonecast-screenshots-'))
const browser = await openBrowser()
try {
  await shootScene(browser, folder)
  await shootMatrix(browser)
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
