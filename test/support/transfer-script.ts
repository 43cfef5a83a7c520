/** One transfer as data: messages of records written as lines, passed to the receiver; and the result. */
import type { Serial } from '../../lib/dns/serial.js'
import { nameToWire } from '../../lib/dns/name.js'
import { recordText } from '../../lib/dns/record-text.js'
import { InboundTransfer } from '../../lib/xfr/inbound.js'
import type { InboundOutcome } from '../../lib/xfr/inbound-wish.js'
import type { InboundLimits } from '../../lib/xfr/inbound-limits.js'
import { recordsIn, type RecordRun } from '../../lib/zone/record-run.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { linesOf, record } from './record-lines.js'
import { question, rawMessage, type RawMessage } from './raw-message.js'

export const ZONE = 'example.'
export const APEX = nameToWire(ZONE)
export const ID = 0x5a5a

export const NO_LIMITS: InboundLimits = {
  octets: 1e9,
  memory: 1e9,
  records: 1e6,
  messages: 1e6,
  names: undefined,
  hint: 'raise it',
}

/** As NO_LIMITS, with those of the connection. */
export const LIMITS = {
  ...NO_LIMITS,
  connectMs: 1,
  firstOctetMs: 1,
  idleMs: 1,
  minOctetsPerSecond: 0,
  totalMs: 1,
  memory: 1e9,
  growth: { factor: 100, records: 1000, octets: 1e6 },
}

/** The SOA with this serial; `minimum` makes another record of it. */
export const soa = (serial: number, minimum = 60): string =>
  `example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 ${minimum}`

/** `S5` is the SOA with serial 5; everything else is a record. A text may have several lines. */
export const stored = (text: string): Buffer[] =>
  linesOf(text).map((line) => record(/^S\d+$/.test(line) ? soa(Number(line.slice(1))) : line))

/** A message of the answer: its records, and its anomalies. */
export type ScriptedMessage = string | (RawMessage & { text?: string }) | Buffer

export function answerMessage(message: ScriptedMessage, asked: 'axfr' | 'ixfr'): Buffer {
  if (Buffer.isBuffer(message)) return message
  const parts = typeof message === 'string' ? { text: message } : message
  return rawMessage({
    id: ID,
    flags: 0x8400,
    questions: [question(ZONE, asked.toUpperCase())],
    answers: stored(parts.text ?? '').map((octets) => octets.subarray(2)),
    ...parts,
  })
}

export interface TransferScript {
  asked?: 'axfr' | 'ixfr'
  /** The current serial, for an IXFR. */
  current?: Serial
  apex?: Buffer
  id?: number
  limits?: Partial<InboundLimits>
  messages: readonly ScriptedMessage[]
}

export interface TransferResult {
  inbound: InboundTransfer
  outcome: InboundOutcome | undefined
  /** The contents of an AXFR. */
  contents: ZoneContents | undefined
}

/** Throws the error of the receiver. */
export function receive(script: TransferScript): TransferResult {
  const { asked = script.current === undefined ? 'axfr' : 'ixfr', apex = APEX } = script
  let contents: ZoneContents | undefined
  const inbound = new InboundTransfer({
    asked,
    apex,
    currentSerial: script.current,
    id: script.id ?? ID,
    limits: { ...NO_LIMITS, ...script.limits },
    onFull: () => {
      contents = new ZoneContents(apex)
    },
    onRecords: (data, from, to) => contents!.addRun(data, from, to),
  })
  for (const message of script.messages) inbound.accept(answerMessage(message, asked))
  return { inbound, outcome: inbound.outcome, contents }
}

/** Every record of a zone as a line, sorted; TTLs and letter case included. */
export function textsOf(contents: ZoneContents): string[] {
  const texts = [recordText(contents.soa.stored, 0)]
  const view = contents.view()
  view.walk(0, Number.MAX_SAFE_INTEGER, (data, at) => texts.push(recordText(data, at)))
  view.release()
  return texts.sort()
}

export const runTexts = (run: RecordRun): string[] => Array.from(recordsIn(run), (at) => recordText(run.data, at)).sort()

/** Lines in printed form, sorted. */
export const printed = (text: string): string[] =>
  stored(text)
    .map((octets) => recordText(octets, 0))
    .sort()
