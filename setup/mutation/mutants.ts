/**
 * Makes the mutants of `npm run mutation`: a copy of the project whose files contain every mutant, each inactive until its number
 * is set. Uses the instrumenter of Stryker; its test runner does not support this mocha and this TypeScript.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'

export interface Mutant {
  id: string
  file: string
  line: number
  kind: string
  original: string
  replacement: string
}

const COPIED = ['config', 'lib', 'services', 'lab', 'test', 'setup', 'docs', 'package.json', 'tsconfig.json']

const silent = { isDebugEnabled: () => false, debug: () => {}, info: () => {} } as never

/** Words such as states stay in; sentences for people, and the separators of their parts, are left out. */
const isText = ({ kind, original }: Mutant): boolean => kind === 'StringLiteral' && !/^'[a-z0-9-]+'$/i.test(original)

/** Writes the copy into `folder`; returns its mutants. */
export async function makeMutants(root: string, folder: string, files: readonly string[]): Promise<Mutant[]> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true })
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(join(root, name), 'utf8') }))
  const made = await new Instrumenter(silent).instrument(sources, { plugins: null, excludedMutations: [], ignorers: [] })
  for (const { name, content } of made.files) writeFileSync(join(folder, name), content)
  const lines = new Map(sources.map(({ name, content }) => [name, content.split('\n')]))
  return made.mutants
    .map(({ id, fileName, location, mutatorName, replacement }) => ({
      id,
      file: fileName,
      line: location.start.line + 1,
      kind: mutatorName,
      original: textAt(lines.get(fileName)!, location),
      replacement,
    }))
    .filter((mutant) => !isText(mutant))
}

interface Place {
  line: number
  column: number
}

function textAt(lines: readonly string[], { start, end }: { start: Place; end: Place }): string {
  if (start.line === end.line) return lines[start.line]!.slice(start.column, end.column)
  return [lines[start.line]!.slice(start.column), ...lines.slice(start.line + 1, end.line), lines[end.line]!.slice(0, end.column)]
    .map((line) => line.trim())
    .join(' ')
}
