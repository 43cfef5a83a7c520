/** The texts of a file that people read: the prose of Markdown, the comments and strings of TypeScript. */

export type TextKind = 'prose' | 'comment' | 'describe' | 'help' | 'error' | 'log' | 'test name' | 'string'

export interface Text {
  kind: TextKind
  line: number
  text: string
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** Line by line, without code, quoted output and link targets: each line keeps its number. */
export function proseOf(page: string): Text[] {
  const prose = page
    .replace(/^```[\s\S]*?^```$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/(?<=\n\n)(?: {4}.*\n|\n)+/g, (block) => (/^ {4}/.test(block) ? blank(block) : block))
    .replace(/`[^`\n]+`/g, '`code`')
    .replace(/\]\([^)\s]+\)/g, ']')
  return prose.split('\n').map((text, at) => ({ kind: 'prose', line: at + 1, text }))
}

/** Comments, and the strings with a blank in them. A regular expression that holds quotes is read as what it is not: rare, and harmless here. */
export function textsOf(source: string): Text[] {
  const texts: Text[] = []
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*(?=[\s.,;)\]])/g
  for (const match of source.matchAll(token)) {
    const [raw] = match
    const isComment = raw.startsWith('//') || raw.startsWith('/*')
    if (!isComment && !/^['"`]/.test(raw)) continue
    if (!isComment && !/\S \S/.test(raw)) continue
    const first = source.slice(0, match.index).split('\n').length
    const kind = isComment ? 'comment' : kindOf(source.slice(Math.max(0, match.index - CONTEXT), match.index))
    const body = (isComment ? raw.replace(/^\/\*+|\*+\/$|^\/\/+/g, (mark) => ' '.repeat(mark.length)) : raw.slice(1, -1))
      .replace(/\$\{[^}]*\}/g, 'x')
      .replace(/\\`[^`\\]*\\`|`[^`\n]+`/g, '`code`')
    for (const [at, line] of body.split('\n').entries())
      texts.push({ kind, line: first + at, text: line.replace(/^\s*\* ?/, '') })
  }
  return texts
}

const CONTEXT = 160
const CALLS: readonly [TextKind, RegExp][] = [
  ['describe', /\.describe\(\s*$/],
  ['help', /\.(?:description|option|requiredOption|argument|helpOption)\((?:[^()]*,)?\s*$/],
  ['error', /new \w*Error\((?:[^()]|\([^()]*\))*$/],
  ['log', /\blog\w*\.(?:trace|debug|info|warn|error|fatal)\((?:[^()]|\([^()]*\))*$/],
  ['test name', /\b(?:it|describe|context)(?:\.only|\.skip)?\(\s*$/],
]

const kindOf = (before: string): TextKind => CALLS.find(([, pattern]) => pattern.test(before))?.[0] ?? 'string'
