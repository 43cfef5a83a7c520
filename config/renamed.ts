/** Settings that were renamed. The old name still works, with a warning. */
import { type ConfigDocument, isPlainMap, type SettingPath } from './document.js'
import type { Report } from './report.js'

interface Renamed {
  section: string
  from: string
  to: string
}

export const RENAMED: readonly Renamed[] = [
  { section: 'defaults', from: 'drain', to: 'shutdownGrace' },
  { section: 'defaults', from: 'unknownAfterLooks', to: 'unknownAfterMissed' },
]

export interface WithNewNames {
  /** The document with the new names; places are those in the file. */
  document: ConfigDocument
  warn: (report: Report) => void
}

export function withNewNames(document: ConfigDocument): WithNewNames {
  const used = RENAMED.filter(({ section, from }) => hasKey(sectionOf(document.value, section), from))
  if (used.length === 0) return { document, warn: () => undefined }
  const value = structuredClone(document.value)
  const both: Renamed[] = []
  for (const each of used) {
    const section = sectionOf(value, each.section)!
    if (hasKey(section, each.to)) both.push(each)
    else section[each.to] = section[each.from]
    delete section[each.from]
  }
  const placeOf: ConfigDocument['placeOf'] = (path, which) => {
    const renamed = used.find((each) => !both.includes(each) && path[0] === each.section && path[1] === each.to)
    const inFile: SettingPath = renamed === undefined ? path : [renamed.section, renamed.from, ...path.slice(2)]
    return document.placeOf(inFile, which)
  }
  return {
    document: { ...document, value, placeOf },
    warn: (report) => {
      for (const each of used)
        report(
          both.includes(each) ? 'CONFIG_DUPLICATE' : 'CONFIG_RENAMED',
          [each.section, each.from],
          both.includes(each)
            ? `"${each.from}" is the old name of "${each.to}", which is set too: remove "${each.from}"`
            : `"${each.from}" is now called "${each.to}": rename it`,
        )
    },
  }
}

function sectionOf(value: unknown, name: string): Record<string, unknown> | undefined {
  const section = isPlainMap(value) ? value[name] : undefined
  return isPlainMap(section) ? section : undefined
}

const hasKey = (section: Record<string, unknown> | undefined, key: string): boolean =>
  section !== undefined && Object.hasOwn(section, key)
