/** docs/reference/log.md, from the log calls of the sources. */
import { LOG_ADVICE } from './log-advice.js'
import { type Level, logPhrases } from './log-phrases.js'
import { cell, code, page, table } from './markdown.js'

const LEVELS: Readonly<Record<Level, string>> = {
  fatal: 'The process ends.',
  error: 'Needs an operator.',
  warn: 'May need an operator.',
}

export function logPage(): string {
  const phrases = logPhrases()
  const section = (level: Level): string[] => [
    `## ${level}`,
    LEVELS[level],
    table(
      ['Phrase', 'Next step'],
      phrases.filter((each) => each.level === level).map(({ phrase }) => [code(phrase), cell(LOG_ADVICE[phrase] ?? '')]),
    ),
  ]
  return page(
    '# Log phrases',
    'Each line of the log has its phrase in `msg`; [monitoring.md](../operate/monitoring.md#log) has the format. Findings of `zonecast check` with a code `WEAK_…` are logged as `warn` at each start, with their own text.',
    ...section('fatal'),
    ...section('error'),
    ...section('warn'),
  )
}
