/** Damaged values and texts: JSON values of any shape, sound values with parts replaced, lines of text cut and moved. */
import type { Dice } from './mutate.js'

/** Names with a meaning for JavaScript objects. */
export const PROTO_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'then']

const NUMBERS = [0, -0, 1, -1, 0.5, 63, 255, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -(2 ** 53), 8e15, 8.64e15, 8.65e15]
const MORE_NUMBERS = [1e21, 1e308, -1e308, 5e-324, Number.MAX_VALUE, 1_800_000_000_000]
const TEXTS = [
  '',
  ' ',
  '.',
  '0',
  '-1',
  'null',
  'true',
  '\0',
  '\n',
  '\r\nx: y',
  '\u2028',
  '\ud800',
  'ü',
  '𝄞',
  '\x1b[31m',
  '{}',
  '[]',
]
const MORE_TEXTS = [
  '%00',
  '%',
  '../..',
  '$(x)',
  '<b>',
  "'",
  '"',
  '\\',
  '\\256',
  'a'.repeat(64),
  'x'.repeat(2_000),
  '1e999',
  'NaN',
]

/** Objects that cannot be converted to a number or a text, such as a length. */
const UNTURNABLE: readonly unknown[] = [
  { length: { toString: 1 } },
  { toString: null },
  { length: [{ toString: {} }] },
  { size: { toString: 0 } },
]

/** Any JSON value, up to `depth` levels. */
export function anyValue(dice: Dice, depth = 3): unknown {
  if (dice.roll(20) === 0) return structuredClone(dice.pick(UNTURNABLE))
  switch (dice.roll(depth > 0 ? 9 : 6)) {
    case 0:
      return dice.pick([null, true, false])
    case 1:
      return dice.pick(NUMBERS)
    case 2:
      return dice.pick(MORE_NUMBERS)
    case 3:
      return dice.pick(TEXTS)
    case 4:
      return dice.pick(MORE_TEXTS)
    case 5:
      return dice.pick(PROTO_NAMES)
    case 6:
      return Array.from({ length: dice.roll(4) }, () => anyValue(dice, depth - 1))
    case 7:
      return deep(dice, 1 + dice.roll(200))
    default:
      return Object.fromEntries(
        Array.from({ length: dice.roll(4) }, () => [
          dice.pick([...PROTO_NAMES, ...TEXTS, 'at', 'serial']),
          anyValue(dice, depth - 1),
        ]),
      )
  }
}

function deep(dice: Dice, levels: number): unknown {
  let value: unknown = dice.pick(TEXTS)
  const key = dice.pick(PROTO_NAMES)
  for (let i = 0; i < levels; i++) value = dice.roll(2) === 0 ? [value] : { [key]: value }
  return value
}

/** Every position in a value: the object or list, and the key in it. */
function placesIn(value: unknown, places: [holder: Record<string, unknown>, key: string][] = []): typeof places {
  if (typeof value !== 'object' || value === null) return places
  for (const key of Object.keys(value)) {
    places.push([value as Record<string, unknown>, key])
    placesIn((value as Record<string, unknown>)[key], places)
  }
  return places
}

/** A copy with one to three parts replaced, removed, doubled, renamed, or exchanged for another part. */
export function mutateValue(value: unknown, dice: Dice): unknown {
  const copy: unknown = structuredClone(value)
  for (let i = 1 + dice.roll(3); i > 0; i--) {
    const places = placesIn(copy)
    if (places.length === 0 || dice.roll(40) === 0) return anyValue(dice)
    const [holder, key] = dice.pick(places)
    switch (dice.roll(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1)
        else delete holder[key]
        break
      case 1: {
        const [other, name] = dice.pick(places)
        holder[key] = structuredClone(other[name])
        break
      }
      case 2:
        if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]))
        else define(holder, dice.pick([...PROTO_NAMES, ...TEXTS]), holder[key])
        break
      case 3:
        if (typeof holder[key] === 'number')
          holder[key] = (holder[key] as number) + dice.pick([1, -1, 0.5, 2 ** 31, -(2 ** 32), 1e16])
        else holder[key] = anyValue(dice, 1)
        break
      default:
        define(holder, key, anyValue(dice))
    }
  }
  return copy
}

/** `holder.__proto__ = …` would change the prototype instead of a property. */
function define(holder: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

/** One to four edits: characters changed, cut or doubled, lines removed, moved or joined, words in their places replaced. */
export function mutateText(text: string, dice: Dice, words: readonly string[]): string {
  let out = text
  for (let i = 1 + dice.roll(4); i > 0; i--) out = editText(out, dice, words)
  return out
}

function editText(text: string, dice: Dice, words: readonly string[]): string {
  const at = dice.roll(text.length + 1)
  const lines = text.split('\n')
  const line = dice.roll(lines.length)
  switch (dice.roll(10)) {
    case 0:
      return (
        text.slice(0, at) +
        String.fromCodePoint(dice.pick([0, 9, 10, 13, 0x20, 0x22, 0x27, 0x7f, 0x85, 0xfeff, 0x1f600])) +
        text.slice(at)
      )
    case 1:
      return text.slice(0, at) + text.slice(at + dice.roll(30))
    case 2:
      return text.slice(0, at) + dice.pick(words) + text.slice(at)
    case 3:
      return lines.toSpliced(line, 1).join('\n')
    case 4:
      return lines.toSpliced(line, 0, dice.pick(lines)).join('\n')
    case 5:
      return lines.with(line, `${' '.repeat(dice.roll(9))}${lines[line]!.trimStart()}`).join('\n')
    case 6:
      return lines.toSpliced(line, 2, `${lines[line]}${lines[line + 1] ?? ''}`).join('\n')
    case 7:
      return lines.with(line, `${/^\s*[\w-]*:?/.exec(lines[line]!)![0]} ${dice.pick(words)}`).join('\n')
    case 8: {
      const from = dice.roll(text.length + 1)
      return text.slice(0, at) + text.slice(from, from + dice.roll(60)) + text.slice(at)
    }
    default:
      return lines
        .with(
          line,
          lines[line]!.replace(/[\w.:/-]+(?=\W*$)/, () => dice.pick(words)),
        )
        .join('\n')
  }
}
