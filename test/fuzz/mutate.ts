/** Repeatable random numbers, and damage to messages made with them. */

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 32 bits (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }

  /** 0 … n−1. */
  roll(n: number): number {
    return this.next() % n
  }

  pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)]!
  }
}

/** Octets with a meaning: ends of names, labels of 63 and 64, pointers, all and none. */
const ODD = [0, 1, 63, 64, 127, 128, 191, 192, 193, 255]
const ODD_WORDS = [0, 1, 2, 0xff, 0x100, 0x7fff, 0x8000, 0xc00c, 0xffff]
/** Types with layouts of their own, and some without. */
const TYPES = [1, 2, 5, 6, 15, 16, 28, 29, 33, 35, 41, 46, 47, 50, 62, 63, 64, 65, 250, 251, 252, 255, 257, 65_280]

type Mutation = (message: Buffer, dice: Dice, others: readonly Buffer[]) => Buffer

const at = (message: Buffer, dice: Dice, octets = 1): number => dice.roll(Math.max(1, message.length - octets + 1))

const MUTATIONS: readonly Mutation[] = [
  // A bit, an octet, a word.
  (message, dice) => {
    if (message.length > 0) message[at(message, dice)]! ^= 1 << dice.roll(8)
    return message
  },
  (message, dice) => {
    if (message.length > 0) message[at(message, dice)] = dice.pick(ODD)
    return message
  },
  (message, dice) => {
    if (message.length > 1) message.writeUInt16BE(dice.pick(ODD_WORDS), at(message, dice, 2))
    return message
  },
  (message, dice) => {
    if (message.length > 1) message.writeUInt16BE(dice.pick(TYPES), at(message, dice, 2))
    return message
  },
  // A pointer to any earlier octet.
  (message, dice) => {
    if (message.length < 14) return message
    const place = 12 + dice.roll(message.length - 13)
    message.writeUInt16BE(0xc000 | dice.roll(Math.min(place + 4, 0x4000)), place)
    return message
  },
  // The header: flags and counts.
  (message, dice) => {
    if (message.length >= 12)
      message.writeUInt16BE(dice.pick([0, 1, 2, 3, 64, 65, 0xffff, 0x8400, 0x8405, dice.next() & 0xffff]), 2 * dice.roll(6))
    return message
  },
  // Shorter, longer, one part repeated, one part removed, one part of another message.
  (message, dice) => message.subarray(0, dice.roll(message.length + 1)),
  (message, dice) => Buffer.concat([message, Buffer.alloc(dice.roll(40), dice.pick(ODD))]),
  (message, dice) => {
    const from = at(message, dice)
    const part = message.subarray(from, from + dice.roll(60))
    return Buffer.concat([message.subarray(0, from), part, message.subarray(from)])
  },
  (message, dice) => {
    const from = at(message, dice)
    return Buffer.concat([message.subarray(0, from), message.subarray(from + dice.roll(60))])
  },
  (message, dice, others) => {
    const other = dice.pick(others)
    const from = at(other, dice)
    const part = other.subarray(from, from + 1 + dice.roll(200))
    const place = at(message, dice)
    return Buffer.concat([message.subarray(0, place), part, message.subarray(Math.min(message.length, place + part.length))])
  },
]

/** One to four faults in a copy. */
export function mutate(message: Buffer, dice: Dice, others: readonly Buffer[]): Buffer {
  let out: Buffer = Buffer.from(message)
  for (let i = 1 + dice.roll(4); i > 0; i--) out = Buffer.from(dice.pick(MUTATIONS)(out, dice, others))
  return out.subarray(0, 0xffff)
}
