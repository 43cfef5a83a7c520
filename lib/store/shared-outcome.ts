/**
 * Results of checks share what is equal: most versions have the same reports. Bounded; a report beyond the bound has memory of its own.
 */
import type { CheckReport } from '../checks/check.js'
import type { ChecksOutcome } from '../rollout/record.js'

const MOST_REPORTS = 1_000
/** A longer report names records, and comes once. */
const MOST_OCTETS = 300

const reports = new Map<string, CheckReport>()

export const sharedOutcome = (outcome: ChecksOutcome): ChecksOutcome => ({ ...outcome, reports: outcome.reports.map(shared) })

function shared(report: CheckReport): CheckReport {
  if (report.report.length > MOST_OCTETS) return report
  const key = `${report.check} ${report.verdict} ${report.report}`
  const known = reports.get(key)
  if (known !== undefined) return known
  if (reports.size < MOST_REPORTS) reports.set(key, report)
  return report
}
