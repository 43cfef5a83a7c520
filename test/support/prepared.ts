/** Prepared transfer answers, parsed again: their messages, and the position of every name in them. */
import { MessageFramer } from '../../lib/dns/framing.js'
import { PART, shapeOf } from '../../lib/dns/rdata-shape.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'
import { pause } from '../../lib/runtime/turns.js'
import { cutAxfr } from '../../lib/xfr/outbound.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'

export function messagesOf(prepared: PreparedMessages): Buffer[] {
  const messages: Buffer[] = []
  for (const block of prepared.blocks) {
    const framer = new MessageFramer()
    framer.push(block, (message) => messages.push(Buffer.from(message)))
    if (framer.pending > 0) throw new Error('a block ends inside a message')
  }
  return messages
}

/** All records of an AXFR as sent. */
export async function axfrOf(contents: ZoneContents): Promise<PreparedMessages> {
  const view = contents.view()
  try {
    return await cutAxfr(contents.apex, contents.soa.stored, view, pause)
  } finally {
    view.release()
  }
}

export interface Pointer {
  at: number
  to: number
  /** In the RDATA of this type, or in an owner. */
  inside: number | 'owner'
}

/** Every pointer of a message's answers; throws when the answers do not end where the message does. */
export function pointersIn(message: Buffer): Pointer[] {
  const pointers: Pointer[] = []
  /** Returns the end of the name. */
  const walk = (at: number, inside: Pointer['inside']): number => {
    let o = at
    for (;;) {
      const c = message[o]!
      if (c === 0) return o + 1
      if (c >= 192) {
        pointers.push({ at: o, to: message.readUInt16BE(o) & 0x3fff, inside })
        return o + 2
      }
      o += 1 + c
    }
  }
  let o = 12
  for (let i = message.readUInt16BE(4); i > 0; i--) o = walk(o, 'owner') + 4
  for (let i = message.readUInt16BE(6); i > 0; i--) {
    o = walk(o, 'owner')
    const type = message.readUInt16BE(o)
    const end = o + 10 + message.readUInt16BE(o + 8)
    o += 10
    for (const part of shapeOf(type) ?? []) {
      if (part > 0) o += part
      else if (part === PART.STRING) o += 1 + message[o]!
      else if (part >= PART.PLAIN_NAME) o = walk(o, type)
      else break
    }
    o = end
  }
  if (o !== message.length) throw new Error(`answers end at ${o}, the message at ${message.length}`)
  return pointers
}
