/** Requests a transfer over TCP like a node, and keeps every message of the answer. */
import { frame } from '../../lib/dns/framing.js'
import { nameToWire } from '../../lib/dns/name.js'
import { AnswerVerifier, signRequest } from '../../lib/dns/tsig.js'
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import { InboundTransfer } from '../../lib/xfr/inbound.js'
import type { InboundOutcome } from '../../lib/xfr/inbound-wish.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { connectRaw, type RawConnection } from './raw-tcp.js'
import { question, rawMessage, wire } from './raw-message.js'
import { NO_LIMITS } from './transfer-script.js'

export interface TransferRequest {
  zone?: string
  /** By IXFR from this serial. */
  current?: number | undefined
  id?: number
  /** Signs, and accepts signed answers only. */
  key?: { key: TsigKey; seconds: number }
  additionals?: Buffer[]
  source?: string
  /** Continues on this connection. */
  connection?: RawConnection
}

export interface TakenTransfer {
  outcome: InboundOutcome
  contents: ZoneContents | undefined
  messages: Buffer[]
  connection: RawConnection
}

/** The SOA of an IXFR request: only the serial counts. */
export const currentSoa = (zone: string, serial: number): Buffer => wire(`${zone} 0 SOA . . ${serial} 0 0 0 0`)

export function transferQuery({ zone = 'example.', current, id = 0x7777, additionals = [] }: TransferRequest): Buffer {
  const type = current === undefined ? 'AXFR' : 'IXFR'
  const authorities = current === undefined ? [] : [currentSoa(zone, current)]
  return rawMessage({ id, questions: [question(zone, type)], authorities, additionals })
}

/** Throws when the server disconnects early, or sends a malformed transfer. Leaves the connection open. */
export async function takeTransfer(to: { ip: string; port: number }, request: TransferRequest = {}): Promise<TakenTransfer> {
  const { zone = 'example.', current, id = 0x7777, key } = request
  const connection = request.connection ?? (await connectRaw(to, request.source))
  const signed = key && signRequest(key.key, transferQuery(request), key.seconds)
  const verifier = signed && new AnswerVerifier(key.key, signed.mac)
  const apex = nameToWire(zone)
  let contents: ZoneContents | undefined
  const inbound = new InboundTransfer({
    asked: current === undefined ? 'axfr' : 'ixfr',
    apex,
    currentSerial: current,
    id,
    limits: NO_LIMITS,
    onFull: () => {
      contents = new ZoneContents(apex)
    },
    onRecords: (data, from, to) => contents!.addRun(data, from, to),
  })
  const from = connection.answers.length
  connection.socket.write(frame(signed?.message ?? transferQuery(request)))
  for (let n = from; inbound.outcome === undefined; n++) {
    const answers = await connection.until(n + 1)
    const message = answers[n]
    if (message === undefined) throw inbound.end()
    verifier?.accept(message, key!.seconds)
    inbound.accept(message)
  }
  if (verifier && !verifier.complete) throw new Error('the last message is not signed')
  return { outcome: inbound.outcome, contents, messages: connection.answers.slice(from), connection }
}
