/**
 * Turns zod's issues into findings with a place and a sentence. Also returns the settings without the bad ones, so that the names
 * in the rest are checked and all mistakes are reported at once.
 */
import type { z } from 'zod'
import { type ConfigDocument, isPlainMap, type SettingPath } from './document.js'
import type { Finding, FindingCode } from './errors.js'
import { quote } from './secrets.js'
import { configKeysAt } from './setting-names.js'

type Issue = z.core.$ZodIssue

export interface Mistake {
  finding: Finding
  path: SettingPath
  /** The key itself is the mistake: without it, the section is valid. */
  unknownKey: boolean
}

export function describeIssues(document: ConfigDocument, issues: readonly Issue[]): Mistake[] {
  const mistakes = issues.flatMap((issue) => describeIssue(document, issue, []))
  // A value may break two rules that have the same message.
  const said = new Set<string>()
  return mistakes.filter(({ path, finding: { message } }) => {
    const word = JSON.stringify([path, message])
    return !said.has(word) && said.add(word)
  })
}

function describeIssue(document: ConfigDocument, issue: Issue, prefix: SettingPath): Mistake[] {
  const path = [...prefix, ...issue.path]
  const value = valueAt(document.value, path)
  const mistake = (code: FindingCode, at: SettingPath, which: 'key' | 'value', message: string): Mistake => ({
    finding: { ...document.placeOf(at, which), code, severity: 'error', message },
    path: at,
    unknownKey: issue.code === 'unrecognized_keys',
  })
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const at = [...path, key]
        return mistake('CONFIG_UNKNOWN_KEY', at, 'key', unknownKey(path, key, isPlainMap(value) ? value : {}))
      })
    case 'invalid_union':
      // Each union is a text, or a map or list: the type of the value shows which one was meant.
      if (issue.errors.length === 2 && (typeof value === 'string' || isPlainMap(value) || Array.isArray(value))) {
        return issue.errors[typeof value === 'string' ? 0 : 1]!.flatMap((inner) => describeIssue(document, inner as Issue, path))
      }
      break
    case 'invalid_key':
      return [mistake('CONFIG_VALUE', path, 'key', `${quote(String(path.at(-1)))} is not a name: ${issue.issues[0]?.message}`)]
  }
  const name = nameOf(path)
  if (value === undefined) return [mistake('CONFIG_MISSING', path, 'key', `${name} is missing: ${issue.message}`)]
  if (value === null) return [mistake('CONFIG_MISSING', path, 'key', `${name} is empty: ${issue.message}, or remove the line`)]
  return [mistake('CONFIG_VALUE', path, 'value', `${name}: ${issue.message}`)]
}

/** The setting's own name; for a list item, its number and the name of the list. */
function nameOf(path: SettingPath): string {
  const last = path.at(-1)
  if (last === undefined) return 'the config'
  if (typeof last === 'number') return `item ${last + 1} of "${String(path.at(-2))}"`
  return quote(String(last))
}

/** In these sections an unknown key may be a misplaced secret: it is printed only when it is almost a known key. */
const SECRET_SECTIONS = new Set(['keys', 'api', 'redis'])

function unknownKey(path: SettingPath, key: string, present: object): string {
  const known = configKeysAt(path)
  const free = known.filter((name) => !Object.hasOwn(present, name))
  const near = free.map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
  const best = near.sort((a, b) => a.distance - b.distance)[0]
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3))) {
    return `unknown key ${quote(key)}: did you mean "${best.name}"?`
  }
  const shown = SECRET_SECTIONS.has(String(path[0])) ? 'this key is unknown' : `unknown key ${quote(key)}`
  return `${shown}: remove it, or write one of ${known.join(', ')}`
}

/** Levenshtein distance, with a swap of neighbours counted as one. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(change, rows[i - 1]![j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

function valueAt(value: unknown, path: SettingPath): unknown {
  let current = value
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined
    current = (current as Record<PropertyKey, unknown>)[part]
  }
  return current
}
