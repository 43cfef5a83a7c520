/**
 * One visit to a service address: the instance that answered, and the serial that it serves. Each of UDP and TCP may reach another
 * instance of the cloud.
 */
import type { Endpoint } from '../dns/endpoint.js'
import { findSoa, OPTION, type SmallMessage } from '../dns/message.js'
import { nameToWire, parseZoneName } from '../dns/name.js'
import { rcodeName } from '../dns/rcode.js'
import { rdataStart, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import { zoneVersionOf } from '../dns/zone-version.js'
import { describeError } from '../errors.js'
import type { Remote } from '../fleet/remote.js'
import { printable } from '../runtime/printable.js'
import type { Querier, Question } from '../transport/querier.js'

export type ProbeTransport = 'udp' | 'tcp'

export interface Visit {
  transport: ProbeTransport
  /** The instance by its own words: NSID (RFC 5001), else id.server (RFC 4892), else hostname.bind; undefined: it gives no name. */
  instance: string | undefined
  serial: Serial | undefined
  /** Milliseconds from the question to the answer. */
  rttMs: number | undefined
  /** One sentence; undefined when the answer has a serial. */
  error: string | undefined
}

/** Octets of a name that are kept: an instance may send any length. */
const MOST_NAME = 200
const PATIENCE = { udpMs: 1_500, udpTries: 2, tcpMs: 3_000 }
/** CHAOS names, for servers without NSID. */
const CHAOS_NAMES = ['id.server.', 'hostname.bind.'].map((text) => nameToWire(parseZoneName(text)))

/** Asks one address for the SOA of a zone, without a key, as a resolver does. Never throws. */
export async function visit(
  querier: Pick<Querier, 'ask'>,
  address: Endpoint,
  apex: Buffer,
  transport: ProbeTransport,
): Promise<Visit> {
  const remote: Remote = { id: 'probe', address, key: undefined }
  const manner = { patience: PATIENCE, overTcp: transport === 'tcp', port: 'fresh' as const, ownConnection: true }
  const began = performance.now()
  const question: Question = { name: apex, type: TYPE.SOA, nsid: true, zoneVersion: true }
  let answer: SmallMessage
  try {
    answer = await querier.ask(remote, question, manner)
  } catch (error) {
    return { transport, instance: undefined, serial: undefined, rttMs: undefined, error: describeError(error) }
  }
  const rttMs = Math.round((performance.now() - began) * 10) / 10
  const instance = nsidOf(answer) ?? (await chaosName(querier, remote, manner))
  return { transport, instance, rttMs, ...serialOf(answer, apex) }
}

function serialOf(answer: SmallMessage, apex: Buffer): Pick<Visit, 'serial' | 'error'> {
  if (answer.rcode !== 0) return { serial: undefined, error: `it answers ${rcodeName(answer.rcode)}` }
  const serial = findSoa(answer.answer, apex)?.serial
  if (serial === undefined) return { serial, error: 'its answer has no SOA' }
  const version = zoneVersionOf(answer)
  const error =
    version === undefined || version === serial ? undefined : `its SOA has serial ${serial}, its ZONEVERSION ${version}`
  return { serial, error }
}

function nsidOf({ edns }: SmallMessage): string | undefined {
  return nameOf(edns?.options.get(OPTION.NSID))
}

/** Through an anycast address this question may reach another instance than the first one: only for servers without NSID. */
async function chaosName(
  querier: Pick<Querier, 'ask'>,
  remote: Remote,
  manner: Parameters<Querier['ask']>[2],
): Promise<string | undefined> {
  for (const name of CHAOS_NAMES) {
    const answer = await querier.ask(remote, { name, type: TYPE.TXT, chaos: true }, manner).catch(() => undefined)
    const record = answer?.answer.find((stored) => storedType(stored, 0) === TYPE.TXT)
    if (record === undefined) continue
    const start = rdataStart(record, 0)
    // The first character-string (RFC 1035 §3.3.14).
    const text = nameOf(record.subarray(start + 1, start + 1 + (record[start] ?? 0)))
    if (text !== undefined) return text
  }
  return undefined
}

/** NSID is octets: RFC 5001 §2.3 gives them no meaning. */
const nameOf = (octets: Buffer | undefined): string | undefined =>
  octets === undefined || octets.length === 0 ? undefined : printable(octets.subarray(0, MOST_NAME).toString('latin1'))
