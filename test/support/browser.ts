/** The system's Chromium, headless, in tests of the page: its errors are recorded, and it leaves nothing behind. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findProgram } from '../../lab/program.js'

/** Options that allow connections to the page's own server only. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Call inside describe(): without Chromium its tests are pending here and failing in CI. */
export function needsBrowser(): void {
  before(function () {
    if (findProgram('chromium') !== undefined) return
    if (process.env.CI) throw new Error('CI must have a browser: apt-get install chromium')
    this.skip()
  })
}

/** With a profile of its own that is deleted when it closes. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: findProgram('chromium')!, chromiumSandbox: false, args: QUIET })
}

export interface WatchedPage {
  page: Page
  /** Errors on the console, uncaught exceptions, and violations of the content security policy. */
  complaints: string[]
  close(): Promise<void>
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  let isInterrupted = false
  const complain = (text: string): void => {
    // Chromium ends every request when the machine gets or loses an interface, as other tests do. Not the page's error.
    if (text.includes('ERR_NETWORK_CHANGED')) isInterrupted = true
    else complaints.push(text)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complain(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => {
    // A stream that is read until the page closes ends with an abort.
    if (!request.url().endsWith('/v1/events')) complain(`${request.url()}: ${request.failure()?.errorText}`)
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`request to another server: ${request.url()}`)
  })
  for (let tries = 0; tries < 5; tries++) {
    isInterrupted = false
    await page.goto(url).catch((error) => {
      complain(String(error))
      if (!isInterrupted) throw error
    })
    if (!isInterrupted) break
  }
  return { page, complaints, close: () => context.close() }
}

/** Screenshots, when a folder is named for them. */
export async function picture({ page }: WatchedPage, name: string): Promise<void> {
  const folder = process.env.ZONECAST_TEST_PICTURES
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

/** Serious and critical findings of axe on the page as it is now, one sentence for each element. */
export async function barriers({ page }: WatchedPage): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as { axe: typeof axe }
    return (await checker.run({ resultTypes: ['violations'] })).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help}: ${target.join(' ')}`))
}

/** Presses Tab until an element of the selector has the focus. Throws Error after 120 elements. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  await page.locator(selector).first().waitFor({ timeout: 5000 })
  for (let i = 0; i < 120; i++) {
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${selector}`)
}
