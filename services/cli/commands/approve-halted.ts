/** `zonecast approve --all-halted`: approves the newest version of every zone whose rollout is halted, one zone after the other. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { describeError } from '../../../lib/errors.js'
import { RolloutZonesAnswer, VersionStatesAnswer } from '../answers.js'
import { type ApiClient, zoneSegment } from '../api-client.js'
import { CliError } from '../errors.js'
import { pagesOf } from '../pages.js'
import type { Terminal } from '../terminal.js'

/** Longest wait for a hub that answers 429; then the zone counts as failed. */
const MAX_WAIT_SECONDS = 60

/** Writes a line per zone. Returns false when at least one order failed. */
export async function approveHalted(
  client: ApiClient,
  wish: { reason: string; fast?: true },
  terminal: Pick<Terminal, 'write'>,
): Promise<boolean> {
  // Reads all pages before the first order: an order changes the list of halted rollouts, and its pages.
  const rows = await pagesOf(client, 'v1/rollouts', RolloutZonesAnswer, (page) => page.rollouts, { state: 'halted' })
  const zones = [...new Set(rows.map(({ zone }) => zone))].sort()
  let approved = 0
  let failed = 0
  for (const zone of zones) {
    try {
      const newest = await patiently(() => client.get(VersionStatesAnswer, `v1/zones/${zoneSegment(zone)}`))
      const [version] = newest.versions
      if (version?.state !== 'halted') {
        terminal.write(`${zone}: skipped, its newest version is ${version?.state ?? 'gone'}\n`)
        continue
      }
      const { serial, digest } = version
      const body = { serial, digest, reason: wish.reason, ...(wish.fast ? { fast: true } : {}) }
      await patiently(() => client.post(z.unknown(), `v1/zones/${zoneSegment(zone)}/approve`, body))
      approved += 1
      terminal.write(`${zone} serial ${serial}: approved\n`)
    } catch (error) {
      // Without a hub every other zone fails too.
      if (error instanceof CliError && error.code === 'CLI_NO_ANSWER') throw error
      failed += 1
      terminal.write(`${zone}: not approved: ${describeError(error)}\n`)
    }
  }
  const sum = zones.length === 0 ? 'no zone is halted' : `${approved} approved, ${failed} failed, ${zones.length} halted`
  terminal.write(`${sum}\n`)
  return failed === 0
}

/** Repeats a refused call once, after the wait that the hub asks for with 429. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const seconds = error instanceof CliError && error.fault.code === 'CLI_REFUSED' ? (error.fault.retryAfter ?? 0) : 0
    if (seconds <= 0 || seconds > MAX_WAIT_SECONDS) throw error
    await sleep(seconds * 1_000)
    return await ask()
  }
}
