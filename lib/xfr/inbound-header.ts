/** Checks the header of each message of a transfer: it must answer the request (RFC 5936 §2.2.1, §2.2.2). Pure. */
import { HEADER_OCTETS, opcodeOf, rcodeOf, readHeader, readQuestion } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { FLAG, OPCODE, RCODE, rcodeName } from '../dns/rcode.js'
import { CLASS, TYPE } from '../dns/rrtype.js'
import { type AskedFor, TransferError } from './errors.js'

export interface AskedQuestion {
  asked: AskedFor
  apex: Buffer
  id: number
}

/** Returns the number of answers and the offset of the first. Throws TransferError, WireError. */
export function checkAnswerHeader(
  msg: Buffer,
  { asked, apex, id }: AskedQuestion,
  state: string,
): { answers: number; at: number } {
  const header = readHeader(msg)
  const bad = (reason: string) =>
    new TransferError({ code: 'XFR_HEADER', reason, asked }, `bad answer to a transfer request: ${reason}`)
  if (state === 'finished')
    throw new TransferError({ code: 'XFR_TRAILING', asked }, 'the primary went on after the end of the transfer')
  if (header.id !== id) throw bad('the id is not that of the request')
  if ((header.flags & FLAG.QR) === 0) throw bad('it is not marked as an answer')
  if (opcodeOf(header.flags) !== OPCODE.QUERY) throw bad(`opcode ${opcodeOf(header.flags)}`)
  const rcode = rcodeOf(header.flags)
  if (rcode !== RCODE.NOERROR)
    throw new TransferError(
      { code: 'XFR_RCODE', rcode, asked },
      `the primary answers ${rcodeName(rcode)} to ${asked.toUpperCase()}`,
    )
  if ((header.flags & FLAG.TC) !== 0) throw bad('it is marked as truncated')
  if (header.questions > 1) throw bad('it has more than one question')
  let at = HEADER_OCTETS
  if (header.questions === 1) {
    const question = readQuestion(msg)
    const type = asked === 'axfr' ? TYPE.AXFR : TYPE.IXFR
    if (!sameWireName(question.name, apex) || question.type !== type || question.class !== CLASS.IN)
      throw bad('its question is not that of the request')
    at = question.end
  }
  if (header.answers === 0 && state === 'expect-soa')
    throw new TransferError({ code: 'XFR_EMPTY_ANSWER', asked }, 'the primary answers without any record')
  return { answers: header.answers, at }
}
