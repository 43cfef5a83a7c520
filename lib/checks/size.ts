/**
 * The checks `shrink` and `growth`: compare the size of the new version with the last released one, in records of the owner,
 * without those of signers. A truncated zone is valid in syntax (.de 2010), and so is a nearly empty one (RIPE 2012 and 2017,
 * AFRINIC).
 */
import type { CheckReport, CheckSettings, ZoneFigures } from './check.js'
import { counted, Findings, grouped, percentOf } from './findings.js'

type Sizes = Pick<ZoneFigures, 'records' | 'owned' | 'names' | 'delegations'>

/** Comparable record counts of both versions: without records of signers when both counted them apart. */
const recordsOf = (now: Sizes, before: Sizes): { now: number; before: number } =>
  now.owned !== undefined && before.owned !== undefined
    ? { now: now.owned, before: before.owned }
    : { now: now.records, before: before.records }

export function checkShrink(
  now: Sizes,
  before: Sizes | undefined,
  settings: CheckSettings['shrink'],
  recent: readonly Sizes[] = [],
): CheckReport {
  const findings = new Findings()
  if (before === undefined)
    return findings.toReport('shrink', settings.mode, `${counted(now.records, 'record')}; there is no version before this one.`)
  const records = recordsOf(now, before)
  // A small zone whose names come and go is not shrinking when it was as small as this recently.
  const wasSo = before.records < settings.smallBelow && recent.some((earlier) => isAsSmall(earlier, now))
  if (!wasSo) judge(findings, 'record', records.before, records.now, settings, 1)
  // A zone with few delegations commonly loses half of them.
  if (!wasSo) judge(findings, 'delegated name', before.delegations, now.delegations, settings, settings.atLeast)
  if (now.names <= 1 && before.names > 1 && !wasSo)
    findings.add('hold', `Only ${counted(now.names, 'name')} of ${grouped(before.names)} would be left in the zone`)
  return findings.toReport(
    'shrink',
    settings.mode,
    `${counted(records.now, 'record')} after ${grouped(records.before)}, ${counted(now.delegations, 'delegated name')} after ${grouped(before.delegations)}.`,
  )
}

function isAsSmall(earlier: Sizes, now: Sizes): boolean {
  const records = recordsOf(now, earlier)
  return records.before <= records.now && earlier.names <= now.names && earlier.delegations <= now.delegations
}

function judge(
  findings: Findings,
  noun: string,
  before: number,
  now: number,
  settings: CheckSettings['shrink'],
  smallAtLeast: number,
): void {
  const lost = before - now
  const isSmall = before < settings.smallBelow
  const percent = isSmall ? settings.smallPercent : settings.percent
  const atLeast = isSmall ? smallAtLeast : settings.atLeast
  if (lost <= 0 || lost * 100 < percent * before || lost < atLeast) return
  const threshold = `the threshold is ${percent} %${atLeast > 1 ? ` and at least ${atLeast}` : ''}`
  findings.add('hold', `${counted(lost, noun)} of ${grouped(before)} would be gone, ${percentOf(lost, before)}; ${threshold}`)
}

export function checkGrowth(after: Sizes, earlier: Sizes | undefined, settings: CheckSettings['growth']): CheckReport {
  const findings = new Findings()
  const { mode, warnPercent, warnFromRecords, holdPercent, fromRecords } = settings
  if (earlier === undefined)
    return findings.toReport('growth', mode, `${counted(after.records, 'record')}; there is no version before this one.`)
  const { now, before } = recordsOf(after, earlier)
  const more = now - before
  const larger = Math.max(now, before)
  const said = (percent: number, from: number) =>
    `${counted(more, 'record')} more than ${grouped(before)}, ${percentOf(more, before)}; the threshold is ${percent} % from ${counted(from, 'record')} on`
  // A small zone may double any day: the hold is for zones that were large before.
  if (more > 0 && before >= fromRecords && more * 100 >= holdPercent * before)
    findings.add('hold', said(holdPercent, fromRecords))
  else if (more > 0 && larger >= warnFromRecords && more * 100 >= warnPercent * before)
    findings.add('warn', said(warnPercent, warnFromRecords))
  return findings.toReport('growth', mode, `${counted(now, 'record')} after ${grouped(before)}.`)
}
