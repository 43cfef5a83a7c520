/** Code blocks of a page, by the word behind their fence. */
import { readFileSync } from 'node:fs'

export interface Snippet {
  file: string
  line: number
  text: string
}

export function snippetsOf(file: string, language: string): Snippet[] {
  const page = readFileSync(file, 'utf8')
  return [...page.matchAll(/^```([a-z]+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map((match) => ({ file, line: page.slice(0, match.index).split('\n').length + 1, text: match[2]! }))
}
