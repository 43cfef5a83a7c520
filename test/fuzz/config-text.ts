/** Config files: damaged examples, and structures of any shape. Loading ends at once, with a Config or a ConfigError. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ConfigError, formatFinding } from '../../config/errors.js'
import { checkConfig, loadConfig } from '../../config/load.js'
import { type Family, type Note, timed } from './family.js'
import type { Dice } from './mutate.js'
import { anyValue, mutateText, mutateValue, PROTO_NAMES } from './values.js'

const SLOW_MS = 2_000
const TRIES = 3

const EXAMPLES = ['zonecast', 'dual-wagon-wheel'].map((name) =>
  readFileSync(new URL(`../../config/${name}.example.yaml`, import.meta.url), 'utf8'),
)
/** Without the comments, and with the commented settings. */
const TEXTS = EXAMPLES.flatMap((text) => [text.replace(/ *#.*$/gm, ''), text.replace(/^( *)# (?=\w+:)/gm, '$1')])
const VALUES: unknown[] = EXAMPLES.map((text) => parse(text))
const WORDS = [
  ...new Set(EXAMPLES.flatMap((text) => text.match(/[\w.:/+=-]+/g) ?? [])),
  ...PROTO_NAMES,
  ...[
    '&a',
    '*a',
    '<<: *a',
    '!!binary',
    '!x',
    '? ',
    '- ',
    '---',
    '...',
    '{',
    '}',
    '[',
    ']',
    '|',
    '>',
    "'",
    '"',
    '#',
    ': ',
    '%YAML 1.1',
  ],
  ...[
    '~',
    'null',
    '.inf',
    '0x10',
    '1_000',
    '2001-01-01',
    '-1s',
    '999999999999d',
    '1e400',
    '::ffff:1.2.3.4',
    '[::1]:0',
    '1.2.3.4:65536',
  ],
  ...[
    '/dev/null',
    '/dev/zero',
    '/etc/hostname',
    '/',
    '127.0.0.0/33',
    'redis://a:b@c/d?e',
    'http://169.254.169.254/',
    '[ADDRESS]',
  ],
]
/** The secrets that must not be printed, in any part of so many characters. */
const PART = 24
const SECRETS = [...new Set(EXAMPLES.flatMap((text) => [...text.matchAll(/secret: ([\w+/=]+)/g)].map(([, secret]) => secret!)))]
const PARTS = new Set(SECRETS.flatMap((secret) => windowsOf(secret)))

function windowsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - PART + 1) }, (_, i) => text.slice(i, i + PART))
}

/** Longer, wider or deeper than any config by hand. */
function bomb(dice: Dice): string {
  const n = dice.pick([100, 1_000, 3_000])
  const many = (line: (i: number) => string): string => Array.from({ length: n }, (_, i) => line(i)).join('\n')
  switch (dice.roll(9)) {
    case 0:
      return `zones: ${dice.pick(['[', '{a: ', '- ', '? '])}`.repeat(n)
    case 1:
      return `${'['.repeat(n)}${']'.repeat(dice.roll(n))}`
    case 2:
      return `a: &a [x, x]\n${many((i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`)}`
    case 3:
      return `${'k'.repeat(n * 10)}: 1\nhub: ${'h'.repeat(n * 10)}`
    case 4:
      return `nodes:\n${many((i) => `  n${i}: { cloud: A, address: 1.2.3.4, ${dice.pick(['x: 1', 'site: 5', 'key: none'])} }`)}`
    case 5:
      return `zones:\n${many((i) => `  - { name: z${dice.roll(2) * i}.example, ${dice.pick(['x: 1', 'clouds: [C]', 'primaries: []'])} }`)}`
    case 6:
      return many((i) => `k${dice.roll(3) * i}: ${i}`)
    case 7:
      return `topology:\n  sites: {${many((i) => `s${i % 300}: {},`)}}\n  links: {${many((i) => `l${i}: {between: [s${i % 300}, s${(i * 7) % 300}]},`)}}`
    default:
      return `hub: "${'\\x41'.repeat(n)}\nkeys: ${'"'.repeat(n)}`
  }
}

function textOf(dice: Dice): string {
  switch (dice.roll(16)) {
    case 0:
      return JSON.stringify(anyValue(dice, 5))
    case 1:
      return dice.roll(4) === 0 ? bomb(dice) : mutateText(dice.pick(TEXTS), dice, WORDS)
    case 2:
    case 3:
    case 4:
    case 5:
      // JSON is YAML.
      return JSON.stringify(mutateValue(dice.pick(VALUES), dice), undefined, dice.roll(3))
    default:
      return mutateText(dice.pick(TEXTS), dice, WORDS)
  }
}

/** The printed result. Throws an error that loading must not throw. */
function wordsOf(file: string): string {
  const { config, findings } = checkConfig(file)
  const words = findings.map(formatFinding)
  try {
    loadConfig(file)
    if (config === undefined) throw new Error('check finds an error and load does not')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (config !== undefined) throw new Error('load finds an error and check does not', { cause: error })
    words.push(error.message)
  }
  return words.join('\n')
}

export async function openConfigText(): Promise<Family> {
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-fuzz-'))
  const file = join(folder, 'zonecast.yaml')
  // The output of Node.js itself, as for keys that are no texts.
  process.on('warning', ({ message }) => {
    throw new Error(`a warning is printed: ${message}`)
  })
  const play = (dice: Dice, note: Note): void => {
    const text = textOf(dice)
    note(() => text)
    writeFileSync(file, text, { mode: 0o600 })
    let words = ''
    let least = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < TRIES && least > SLOW_MS; tries++)
      least = Math.min(
        least,
        timed(() => {
          words = wordsOf(file)
        }),
      )
    if (least > SLOW_MS) throw new Error(`it takes ${Math.round(least)} ms`)
    const shown = words.match(/[\w+/=]{24,}/g)?.find((word) => windowsOf(word).some((part) => PARTS.has(part)))
    if (shown !== undefined) throw new Error(`a secret is shown: ${words}`)
  }
  return { play, close: async () => rmSync(folder, { recursive: true, force: true }) }
}
