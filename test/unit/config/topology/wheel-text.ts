/** The example of a dual wagon wheel; tests break it. */
import { readFileSync } from 'node:fs'
import type { Finding } from '../../../../config/errors.js'
import { checkText } from '../config-text.js'

export const WHEEL_FILE = 'config/dual-wagon-wheel.example.yaml'
export const WHEEL = readFileSync(WHEEL_FILE, 'utf8')

/** Each pair is replaced once; a missing text is an error in the test. */
export function wheelWith(...changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    const changed = text.replace(from, () => to)
    if (changed === text) throw new Error(`the example has no ${from}`)
    return changed
  }, WHEEL)
}

/** `line:column code sentence` of every finding. */
export const reportOf = (findings: readonly Finding[]): string[] =>
  findings.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)

export const findingsOf = (dir: string, text: string): Finding[] => checkText(dir, text).findings

/** `1-based line:column` of a text. */
export function placeOf(text: string, part: string): string {
  const before = text.slice(0, text.indexOf(part)).split('\n')
  return `${before.length}:${before.at(-1)!.length + 1}`
}
