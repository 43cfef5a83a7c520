/** `npm run docs:generate` writes the pages of docs/reference/ from the code. A unit test fails when one is out of date. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiPage } from './docs/api-page.js'
import { cliPage } from './docs/cli-page.js'
import { grafanaDashboard } from './docs/grafana-dashboard.js'
import { configurationPage } from './docs/configuration-page.js'
import { logPage } from './docs/log-page.js'
import { metricsPage } from './docs/metrics-page.js'

export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/api.md': apiPage,
  'docs/reference/cli.md': cliPage,
  'deploy/grafana/zonecast.json': grafanaDashboard,
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/log.md': logPage,
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [file, make] of Object.entries(GENERATED_PAGES)) writeFileSync(new URL(`../${file}`, import.meta.url), make())
