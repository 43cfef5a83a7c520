/** Sends ready-made messages to one asker: id, question and signature made anew, one block in memory at a time. */
import type { AnswerSigner } from '../../lib/dns/tsig.js'
import { tsigOctets } from '../../lib/dns/tsig-record.js'
import type { Channel } from '../../lib/transport/dns-listener.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'

export interface AnswerTouch {
  id: number
  /** The question as asked, letter case included. */
  question: Buffer
  /** An OPT record for the first message. */
  opt: Buffer | undefined
  signer: AnswerSigner | undefined
  nowSeconds: () => number
}

/** Whether every message leaves room for the signature. */
export const fitsSigned = (prepared: PreparedMessages, signer: AnswerSigner | undefined): boolean =>
  signer === undefined || prepared.largest + tsigOctets(signer.key) <= 0xffff

/** Octets that one message can grow by. */
const growth = ({ signer }: AnswerTouch): number => (signer ? tsigOctets(signer.key) : 0)

/** Octets in front of the first message, its length octets among them; even whole blocks stay aligned by it. */
const roomBefore = ({ signer }: AnswerTouch): number => 2 + (signer?.roomBefore ?? 0)

/** A block, and a signature for each of its messages. */
const USUAL_OCTETS = (1 << 18) + (1 << 14)

/** Buffers for one block each, used again: a fresh one costs more than what is written to it. */
class OutBuffers {
  /** Enough for those who take a zone at once while all of them make progress. */
  readonly #most = 16
  readonly #free: Buffer[] = []

  take(octets: number): Buffer {
    const last = this.#free.pop()
    return last !== undefined && last.length >= octets ? last : Buffer.allocUnsafeSlow(Math.max(octets, USUAL_OCTETS))
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#most) this.#free.push(buffer)
  }
}

const buffers = new OutBuffers()

/** Resolves with the octets sent when the kernel has them all; with undefined when it was cut. Rejects when the peer is gone. */
export async function streamAnswer(
  channel: Channel,
  prepared: PreparedMessages,
  touch: AnswerTouch,
  isCut: () => boolean,
): Promise<number | undefined> {
  let sent = 0
  let questionOctets = prepared.questionOctets
  for (const block of prepared.blocks) {
    // No closing SOA follows: the other side knows that this was not all.
    if (isCut()) {
      channel.abort()
      return undefined
    }
    const out = buffers.take(roomFor(block, touch))
    const touched = touchBlock(block, out, touch, questionOctets)
    questionOctets = 0
    await channel.sendFramed(touched)
    sent += touched.length
    // Not when the peer is gone: the kernel may read it still.
    buffers.give(out)
  }
  return sent
}

const roomFor = (block: Buffer, touch: AnswerTouch): number =>
  roomBefore(touch) + block.length + Math.ceil(block.length / 512 + 2) * growth(touch) + (touch.opt?.length ?? 0)

/** One message alone, not framed: for UDP. */
export function touchSingle(prepared: PreparedMessages, touch: AnswerTouch): Buffer {
  const block = prepared.blocks[0]!
  return touchBlock(block, Buffer.allocUnsafe(roomFor(block, touch)), touch, prepared.questionOctets).subarray(2)
}

/** The block as this asker gets it, in `out`. */
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
