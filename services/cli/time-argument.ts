/** Times in arguments: a moment, or an age. */
import { parseDuration } from '../../config/duration.js'
import { usage } from './errors.js'

/** ISO 8601. Throws CliError CLI_USAGE. `option`: for the error. */
export function timeOf(option: string, text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined
  const age = parseDuration(text)
  const at = age === undefined && /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now - (age ?? Number.NaN)
  if (!Number.isFinite(at))
    throw usage(`${option} "${text}" is neither a time such as 2026-11-24T05:00Z nor an age such as 2h or 7d`)
  return new Date(at).toISOString()
}
