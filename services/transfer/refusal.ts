/** Saying no: one small answer with the reason's RCODE, and a line for whoever looks for it. */
import { rcodeName } from '../../lib/dns/rcode.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Channel } from '../../lib/transport/dns-listener.js'
import { endpointText } from '../../lib/transport/errors.js'
import { answerTo, type ServerRequest } from './request.js'

export interface Asking {
  request: ServerRequest
  channel: Channel
}

export function refuse({ request, channel }: Asking, rcode: number, why: string, parts: { log: Logger; clock: Clock }): void {
  const { log, clock } = parts
  log.debug(
    { op: 'request', dir: 'in', remote: endpointText(channel.peer), proto: channel.peer.proto, rcode: rcodeName(rcode), why },
    'refused a request',
  )
  channel.send(answerTo(request, { rcode }, seconds(clock)))
}
