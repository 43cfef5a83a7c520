/**
 * A question of a node or peer hub that may ask it, with the offered version, and the parts of the question that an answer needs.
 */
import { AnswerSigner } from '../../lib/dns/tsig.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { AnswerTouch } from './answer-stream.js'
import type { Asker, Offer } from './offers.js'
import type { Misplaced } from './misplaced.js'
import type { OldKeys } from './old-keys.js'
import type { Asking, Refusals } from './refusal.js'
import { optionsFor, optRecord } from './request.js'

export interface Query extends Asking {
  offer: Offer
  asker: Asker
}

/** Where refused requests and old keys are noted. */
export interface QueryNotes {
  refusals: Refusals
  misplaced: Misplaced
  oldKeys: OldKeys
}

export const optionsOf = ({ request, offer }: Query): { code: number; data: Buffer }[] =>
  request.message.edns ? optionsFor(request, offer.expiresInSeconds, offer.serial, offer.zone.apex) : []

/** The data that turns the ready-made messages of a transfer into the answer to this question. */
export function touchOf(query: Query, clock: Clock): AnswerTouch {
  const { request } = query
  const { name, type, class: klass } = request.message.question
  return {
    id: request.message.id,
    question: Buffer.concat([name, Buffer.from([type >> 8, type & 255, klass >> 8, klass & 255])]),
    opt: optRecord(request, optionsOf(query)),
    signer: request.key && request.tsig ? new AnswerSigner(request.key, request.tsig.mac) : undefined,
    nowSeconds: () => seconds(clock),
  }
}

/** A connection, or a signature, proves that the request came from the node; the source of a datagram proves nothing. */
export const isProved = ({ request, channel }: Asking): boolean => request.key !== undefined || channel.peer.proto === 'tcp'
