/** `npm run docs:generate`: the pages of docs/ that say what the code says already. A test holds them up to date. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiPage } from './docs/api-page.js'
import { configurationPage } from './docs/configuration-page.js'
import { metricsPage } from './docs/metrics-page.js'

export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/api.md': apiPage,
  'docs/reference/metrics.md': metricsPage,
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [file, make] of Object.entries(GENERATED_PAGES)) writeFileSync(new URL(`../${file}`, import.meta.url), make())
