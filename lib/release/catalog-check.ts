/**
 * The check of a catalog zone as a list of members: a broken list, or one that lacks more members than the thresholds of `shrink`
 * allow, is held. No setting turns it off, because a consumer deletes in a second what a catalog no longer has.
 */
import type { CatalogList } from '../catalog/read-catalog.js'
import type { CheckReport, CheckSettings } from '../checks/check.js'
import { counted, Findings, grouped, percentOf } from '../checks/findings.js'
import { shrinkLimit } from '../checks/shrink-limit.js'

const MEMBERS_PER_SLICE = 2_000

export const brokenReport = (reason: string): CheckReport => ({ check: 'catalog', verdict: 'hold', report: `${reason}.` })

/** `before`: the members that count now. */
export async function catalogReport(
  now: Pick<CatalogList, 'size' | 'has'>,
  before: Pick<CatalogList, 'size' | 'keys'>,
  shrink: CheckSettings['shrink'],
  warnings: readonly string[],
  pause: () => Promise<void>,
): Promise<CheckReport> {
  const findings = new Findings()
  const lost: string[] = []
  let gone = 0
  let done = 0
  for (const name of before.keys()) {
    if (++done % MEMBERS_PER_SLICE === 0) await pause()
    if (now.has(name)) continue
    gone += 1
    if (lost.length < 3) lost.push(name)
  }
  const limit = shrinkLimit(gone, before.size, shrink)
  const names = `${lost.join(', ')}${gone > lost.length ? ' …' : ''}`
  if (before.size > 0 && now.size === 0)
    findings.add('hold', `All of its ${counted(before.size, 'member')} would be gone: ${names}`)
  else if (limit.isOver)
    findings.add(
      'hold',
      `${counted(gone, 'member')} of ${grouped(before.size)} would be gone, ${percentOf(gone, before.size)}: ${names}; the threshold of shrink is ${limit.percent} %`,
    )
  for (const warning of warnings) findings.add('warn', warning)
  return findings.toReport('catalog', 'hold', `${counted(now.size, 'member')} after ${grouped(before.size)}.`)
}
