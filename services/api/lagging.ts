/**
 * The time from which a primary with an older serial is late: it had its RETRY to follow a change, as any secondary has (RFC 1035
 * §3.3.13).
 */
import { compareSerials, type Serial } from '../../lib/dns/serial.js'
import { soaOfVersion, type Version } from '../../lib/store/version.js'

/** An ordinary change reaches every primary well within this time, however short RETRY is. Milliseconds. */
const LEAST_MS = 60_000

/** Milliseconds since 1970; undefined when no kept version is newer than the serial. A restored primary is late at once. */
export function lateFrom(
  stored: { versions: readonly Version[]; latest: Version | undefined } | undefined,
  serial: Serial,
): number | undefined {
  if (stored === undefined) return undefined
  const { versions, latest } = stored
  const newer = versions.find((version) => compareSerials(version.serial, serial) === 'newer')
  return newer && latest && newer.committedAt + Math.max(LEAST_MS, soaOfVersion(latest).retry * 1000)
}
