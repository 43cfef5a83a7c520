/** Sends ready-made messages to one client: writes id, question and signature for it, with one block in memory at a time. */
import type { AnswerSigner } from '../../lib/dns/tsig.js'
import { tsigOctets } from '../../lib/dns/tsig-record.js'
import type { Channel } from '../../lib/transport/channel.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'

export interface AnswerTouch {
  id: number
  /** The question as received, letter case included. */
  question: Buffer
  /** An OPT record for the first message. */
  opt: Buffer | undefined
  signer: AnswerSigner | undefined
  nowSeconds: () => number
}

/** True when every message leaves room for the signature. */
export const fitsSigned = (prepared: PreparedMessages, signer: AnswerSigner | undefined): boolean =>
  signer === undefined || prepared.largest + tsigOctets(signer.key) <= 0xffff

/** Most octets that one message can grow by. */
const growth = ({ signer }: AnswerTouch): number => (signer ? tsigOctets(signer.key) : 0)

/** Octets in front of the first message, its length octets included; they keep even complete blocks aligned. */
const roomBefore = ({ signer }: AnswerTouch): number => 2 + (signer?.roomBefore ?? 0)

/** A block, and a signature for each of its messages. */
const USUAL_OCTETS = (1 << 18) + (1 << 14)

/** Reusable buffers for one block each: a fresh one costs more than the data written to it. */
class OutBuffers {
  /** Enough for nodes that transfer a zone at once while all of them make progress. */
  readonly #most = 16
  readonly #free: Buffer[] = []
  #lent = 0

  /** True while a buffer is free: a copy then waits for no slow reader. */
  get hasSpare(): boolean {
    return this.#lent < this.#most
  }

  take(octets: number): Buffer {
    this.#lent += 1
    const last = this.#free.pop()
    return last !== undefined && last.length >= octets ? last : Buffer.allocUnsafeSlow(Math.max(octets, USUAL_OCTETS))
  }

  give(buffer: Buffer): void {
    this.#lent -= 1
    if (this.#free.length < this.#most) this.#free.push(buffer)
  }

  /** Drops a buffer that the kernel may still read. */
  drop(): void {
    this.#lent -= 1
  }
}

const buffers = new OutBuffers()

/**
 * Resolves with the octets sent when the kernel has them all; with undefined when the transfer was cut. Rejects when the peer has
 * disconnected. `onSent` gets the number of octets that the kernel has so far.
 */
export async function streamAnswer(
  channel: Channel,
  prepared: PreparedMessages,
  touch: AnswerTouch,
  isCut: () => boolean,
  onSent: (octets: number) => void,
): Promise<number | undefined> {
  let sent = 0
  let questionOctets = prepared.questionOctets
  for (const block of prepared.blocks) {
    // No closing SOA follows: the peer knows that the transfer is incomplete.
    if (isCut()) {
      channel.abort()
      return undefined
    }
    sent += await sendBlock(channel, block, touch, questionOctets)
    onSent(sent)
    questionOctets = 0
  }
  return sent
}

/**
 * A copy is one write; without a copy the block that all nodes share is sent message by message, which costs more and uses no
 * memory. So readers that keep up get copies, and slow ones cannot use up the buffers. Messages that need a signature are made
 * for each client.
 */
async function sendBlock(channel: Channel, block: Buffer, touch: AnswerTouch, questionOctets: number): Promise<number> {
  if (touch.signer !== undefined || buffers.hasSpare) return await sendTouched(channel, block, touch, questionOctets)
  if (questionOctets === 0) {
    await channel.sendShared(block, touch.id)
    return block.length
  }
  const rest = 2 + ((block[0]! << 8) | block[1]!)
  const first = touchBlock(
    block.subarray(0, rest),
    Buffer.allocUnsafe(roomFor(block.subarray(0, rest), touch)),
    touch,
    questionOctets,
  )
  if (rest === block.length) {
    await channel.sendFramed(first)
    return first.length
  }
  // The writes are in order; the second is with the kernel after the first.
  const sent = channel.sendFramed(first)
  await Promise.all([sent, channel.sendShared(block.subarray(rest), touch.id)])
  return first.length + block.length - rest
}

async function sendTouched(channel: Channel, block: Buffer, touch: AnswerTouch, questionOctets: number): Promise<number> {
  const out = buffers.take(roomFor(block, touch))
  const touched = touchBlock(block, out, touch, questionOctets)
  try {
    await channel.sendFramed(touched)
  } catch (error) {
    buffers.drop()
    throw error
  }
  buffers.give(out)
  return touched.length
}

const roomFor = (block: Buffer, touch: AnswerTouch): number =>
  roomBefore(touch) + block.length + Math.ceil(block.length / 512 + 2) * growth(touch) + (touch.opt?.length ?? 0)

/** One message alone, not framed: for UDP. */
export function touchSingle(prepared: PreparedMessages, touch: AnswerTouch): Buffer {
  const block = prepared.blocks[0]!
  return touchBlock(block, Buffer.allocUnsafe(roomFor(block, touch)), touch, prepared.questionOctets).subarray(2)
}

/** Writes the block for this client to `out`. */
function touchBlock(block: Buffer, out: Buffer, touch: AnswerTouch, questionOctets: number): Buffer {
  if (touch.signer === undefined && questionOctets === 0) {
    block.copy(out)
    for (let o = 0; o < block.length; o += 2 + ((block[o]! << 8) | block[o + 1]!)) out.writeUInt16BE(touch.id, o + 2)
    return out.subarray(0, block.length)
  }
  const from = roomBefore(touch) - 2
  let w = from
  let question = questionOctets
  for (let o = 0; o < block.length; ) {
    const next = o + 2 + ((block[o]! << 8) | block[o + 1]!)
    w += 2 + touchMessage(block, o + 2, next, out, w + 2, touch, question)
    question = 0
    o = next
  }
  return out.subarray(from, w)
}

/** Copies the message block[from, to) to `out`, its length in front. Returns the new length. */
function touchMessage(
  block: Buffer,
  from: number,
  to: number,
  out: Buffer,
  start: number,
  touch: AnswerTouch,
  questionOctets: number,
): number {
  let length = block.copy(out, start, from, to)
  out.writeUInt16BE(touch.id, start)
  if (questionOctets > 0) {
    touch.question.copy(out, start + 12, 0, questionOctets)
    if (touch.opt) {
      length += touch.opt.copy(out, start + length)
      out.writeUInt16BE(out.readUInt16BE(start + 10) + 1, start + 10)
    }
  }
  if (touch.signer) length = touch.signer.signInPlace(out, start, length, touch.nowSeconds())
  out.writeUInt16BE(length, start - 2)
  return length
}
