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
const growth = (touch: AnswerTouch): number => (touch.signer ? tsigOctets(touch.signer.key) : 0)

/** Resolves with the octets sent when the kernel has them all; with undefined when it was cut. Rejects when the peer is gone. */
export async function streamAnswer(
  channel: Channel,
  prepared: PreparedMessages,
  touch: AnswerTouch,
  isCut: () => boolean,
): Promise<number | undefined> {
  let out = Buffer.alloc(0)
  let sent = 0
  let first = true
  for (const block of prepared.blocks) {
    // No closing SOA follows: the other side knows that this was not all.
    if (isCut()) {
      channel.abort()
      return undefined
    }
    const room = block.length + Math.ceil(block.length / 512 + 2) * growth(touch) + (touch.opt?.length ?? 0)
    if (out.length < room) out = Buffer.allocUnsafe(room)
    const length = touchBlock(block, out, touch, first, prepared.questionOctets)
    first = false
    await channel.sendFramed(out.subarray(0, length))
    sent += length
  }
  return sent
}

/** One message alone, not framed: for UDP. */
export function touchSingle(prepared: PreparedMessages, touch: AnswerTouch): Buffer {
  const block = prepared.blocks[0]!
  const out = Buffer.allocUnsafe(block.length + growth(touch) + (touch.opt?.length ?? 0) + 2)
  return out.subarray(2, touchBlock(block, out, touch, true, prepared.questionOctets))
}

function touchBlock(block: Buffer, out: Buffer, touch: AnswerTouch, hasQuestion: boolean, questionOctets: number): number {
  if (touch.signer === undefined && !hasQuestion) {
    block.copy(out)
    for (let o = 0; o < block.length; o += 2 + ((block[o]! << 8) | block[o + 1]!)) out.writeUInt16BE(touch.id, o + 2)
    return block.length
  }
  let w = 0
  let question = hasQuestion
  for (let o = 0; o < block.length; ) {
    const length = (block[o]! << 8) | block[o + 1]!
    w += touchMessage(block.subarray(o + 2, o + 2 + length), out, w, touch, question ? questionOctets : 0)
    question = false
    o += 2 + length
  }
  return w
}

function touchMessage(message: Buffer, out: Buffer, at: number, touch: AnswerTouch, questionOctets: number): number {
  const start = at + 2
  let length = message.copy(out, start)
  out.writeUInt16BE(touch.id, start)
  if (questionOctets > 0) {
    touch.question.copy(out, start + 12, 0, questionOctets)
    if (touch.opt) {
      length += touch.opt.copy(out, start + length)
      out.writeUInt16BE(out.readUInt16BE(start + 10) + 1, start + 10)
    }
  }
  if (touch.signer) {
    const tsig = touch.signer.signDetached(out.subarray(start, start + length), touch.nowSeconds())
    length += tsig.copy(out, start + length)
    out.writeUInt16BE(out.readUInt16BE(start + 10) + 1, start + 10)
  }
  out.writeUInt16BE(length, at)
  return 2 + length
}
