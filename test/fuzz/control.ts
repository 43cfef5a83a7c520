/** Recorded answers on control channels, mutated and cut into pieces, to the readers of each make. */
import { peerWords } from '../../lib/control/control.js'
import { KnotFormatError, KnotReader } from '../../lib/control/knot-codec.js'
import { factsIn, serialIn, TextToEnd } from '../../lib/control/nsd.js'
import { decodeRndc, RndcFormatError, RndcReader } from '../../lib/control/rndc-codec.js'
import { controlConversation, controlConversationNames } from '../support/control-conversation.js'
import { type Family, type Note, timed } from './family.js'
import { type Dice, mutate } from './mutate.js'

const RECORDED = controlConversationNames().map((name) => ({ name, ...controlConversation(name) }))
const ALL = RECORDED.flatMap(({ answered }) => answered)
const SLOW_MS = 100
const TRIES = 10

interface Reader {
  push(octets: Buffer): boolean
}

/** Hands the octets to the reader in random pieces. Returns whether the answer is whole. */
function feed(reader: Reader, pieces: readonly Buffer[]): boolean {
  for (const piece of pieces) if (reader.push(piece)) return true
  return false
}

function inPieces(octets: Buffer, dice: Dice): Buffer[] {
  const pieces: Buffer[] = []
  for (let from = 0; from < octets.length; ) {
    const length = 1 + dice.roll(dice.roll(3) === 0 ? 4 : octets.length)
    pieces.push(octets.subarray(from, from + length))
    from += length
  }
  return pieces
}

function read(name: string, pieces: readonly Buffer[], key: { algorithm: string; secret: Buffer } | undefined): void {
  if (name.startsWith('rndc')) {
    const reader = new RndcReader()
    if (!feed(reader, pieces)) return
    const { _data } = decodeRndc(reader.message, key!)
    peerWords(String(_data.text ?? ''))
  } else if (name.startsWith('knot')) {
    const reader = new KnotReader()
    feed(reader, pieces)
    for (const { error, data } of reader.units) peerWords(error ?? data ?? '')
  } else {
    const reader = new TextToEnd()
    feed(reader, pieces)
    for (const fact of Object.values(factsIn(reader.text))) serialIn(fact)
    peerWords(reader.text)
  }
}

function play(dice: Dice, note: Note): void {
  const { name, key, answered } = dice.pick(RECORDED)
  const original = dice.pick(answered)
  // One in ten is as recorded: it must be read.
  const isIntact = dice.roll(10) === 0
  const octets = isIntact ? original : mutate(original, dice, ALL)
  const pieces = inPieces(octets, dice)
  note(() => `${name} ${octets.toString('hex')}`)
  const act = (): void => {
    try {
      read(name, pieces, key)
    } catch (error) {
      if (isIntact || !(error instanceof RndcFormatError || error instanceof KnotFormatError)) throw error
    }
  }
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && least > SLOW_MS; tries++) least = Math.min(least, timed(act))
  if (least > SLOW_MS) throw new Error(`${name} takes ${Math.round(least)} ms`)
}

export const openControlAnswers = async (): Promise<Family> => ({ play })
