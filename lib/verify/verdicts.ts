/** Verdicts about pairs of zone and node, on the board: same ones are packed, others have a cell. */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { Board } from '../state/board.js'
import { pairKey } from '../state/tables.js'
import type { VerdictCell } from '../state/verdict-cell.js'

/** The result of one comparison. */
export type Finding = Pick<VerdictCell, 'how' | 'verdict' | 'missing' | 'extra' | 'examples' | 'why'>

/** Characters of one example: RDATA may be any text. */
const MOST_CHARACTERS = 300

export const cannot = (how: Finding['how'], why: string): Finding => ({
  how,
  verdict: 'cannot',
  missing: 0,
  extra: 0,
  examples: [],
  why: why.slice(0, MOST_CHARACTERS),
})

export const same = (how: Finding['how']): Finding => ({ how, verdict: 'same', missing: 0, extra: 0, examples: [] })

/** `examples`: the first differences, each `missing: RECORD` or `extra: RECORD`. */
export const differs = (how: Finding['how'], missing: number, extra: number, examples: readonly string[]): Finding => ({
  how,
  verdict: 'differs',
  missing,
  extra,
  examples: examples.map((text) => text.slice(0, MOST_CHARACTERS)),
  why: `${countText(missing, 'missing')}, ${countText(extra, 'extra')}: ${(examples[0] ?? '').slice(0, MOST_CHARACTERS)}`,
})

const countText = (count: number, what: string): string => `${count} ${count === 1 ? 'record' : 'records'} ${what}`

export function noteVerdict(
  board: Board,
  zone: ZoneName,
  node: string,
  version: { serial: Serial; digest: string },
  finding: Finding,
  now: number,
): void {
  const { serial, digest } = version
  const { how, verdict, why = '' } = finding
  const key = pairKey(zone, node)
  const before = board.get('verdicts', key)
  if (verdict === 'same') board.verified.note(zone, node, { serial, at: now, how })
  if (verdict === 'same' && before === undefined) return
  const standing = verdict === 'differs' ? { serial, digest, at: now, why } : verdict === 'cannot' ? before?.standing : undefined
  board.set('verdicts', key, { ...finding, at: now, serial, digest, ...(standing === undefined ? {} : { standing }) })
}

/** The last verdict about the pair. */
export function verdictOf(board: Board, zone: ZoneName, node: string): Omit<VerdictCell, 'digest'> | undefined {
  const cell = board.get('verdicts', pairKey(zone, node))
  const packed = board.verified.at(zone, node)
  // A packed time is in whole seconds.
  if (packed === undefined || (cell !== undefined && cell.at >= packed.at)) return cell
  return { ...same(packed.how), serial: packed.serial, at: packed.at }
}
