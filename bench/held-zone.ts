/**
 * AXFR to receivers that hold the zone already: a zone of five records becomes a large one, then a thousandth of its records
 * changes. NOTIFY → the receiver answers with the new serial, receivers in turn, from a fast source and from a real Knot that reads
 * its zone file again. Afterwards a node asks the receiver for the change by IXFR.
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKnot } from '../lab/knot.js'
import { replaceZone } from '../lab/replace-zone.js'
import { frame } from '../lib/dns/framing.js'
import { writeQuery } from '../lib/dns/message.js'
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { zoneText } from '../lib/zone/zone-text.js'
import { KNOBS } from './knobs.js'
import { fillZone, type OtherAddresses, soaRecord } from './large-zone.js'
import { type Place, Probe } from './probe.js'
import { forgetPeak, peakMb, processorMs } from './processes.js'
import { type Measured, measured } from './statistics.js'
import { type Receiver, Source, startReceiver } from './transfers-in.js'

const ZONE = 'large.example.'
const SMALL = 5
const CHANGES = KNOBS.records / 1000
/** Receivers tend a new version after they answer with it. */
const REST_MS = 2_500
/** An answer without octets for so long has ended. */
const SILENCE_MS = 300

interface Primary {
  place: Place
  /** Serves the large zone with serial 2. */
  grow: () => Promise<unknown>
  /** Serves serial 3, by AXFR only. */
  change: () => Promise<unknown>
  stop: () => Promise<void>
}

const textOf = (serial: number, records: number, other?: OtherAddresses): string =>
  [...zoneText(soaRecord(ZONE, serial), fillZone(ZONE, records, serial, undefined, other).view())].join('')

const fastPrimary = async (): Promise<Primary> => {
  const source = await Source.start(KNOBS.records)
  await source.small(1)
  return { place: source.place, grow: () => source.go(2), change: () => source.replace(CHANGES), stop: () => source.stop() }
}

let large: readonly [string, string] | undefined

/** It has no differences of a zone file that was replaced. */
const knotPrimary = async (): Promise<Primary> => {
  large ??= [textOf(2, KNOBS.records), textOf(3, KNOBS.records, { changes: CHANGES, network: 3 })]
  const knot = await startKnot({ name: 'primary', zones: [{ name: ZONE, text: textOf(1, SMALL) }], tuned: true })
  const serve = async (serial: number, text: string): Promise<void> => {
    await replaceZone(knot, ZONE, text)
    const probe = new Probe()
    await probe.untilAllShow([knot], ZONE, (shown) => shown === serial, 30_000).finally(() => probe.close())
  }
  return {
    place: { ip: knot.ip, port: knot.port },
    grow: () => serve(2, large![0]),
    change: () => serve(3, large![1]),
    stop: () => knot.stop(),
  }
}

const PRIMARIES = { fast: fastPrimary, Knot: knotPrimary }

export async function measureHeldZone(): Promise<Measured[]> {
  const rows: Measured[] = []
  for (const primary of KNOBS.primaries) rows.push(...(await measureFrom(primary)))
  return rows
}

async function measureFrom(kind: keyof typeof PRIMARIES): Promise<Measured[]> {
  const from = kind === 'fast' ? 'the fast source' : kind
  const count = KNOBS.records.toLocaleString('en')
  const figures = new Figures()
  for (let round = 0; round < KNOBS.rounds; round++)
    // The one that begins changes each round.
    for (let i = 0; i < KNOBS.receivers.length; i++) {
      const who = KNOBS.receivers[(i + round) % KNOBS.receivers.length]!
      const primary = await PRIMARIES[kind]()
      const server = await startReceiver(who, ZONE, primary.place)
      try {
        await untilServed(server)
        await primary.grow()
        await take(figures, { row: `${SMALL} records become ${count} by AXFR from ${from}`, who, server, serial: 2 })
        await primary.change()
        const row = `${CHANGES.toLocaleString('en')} of ${count} change, AXFR alone from ${from}`
        await take(figures, { row, who, server, serial: 3 })
        figures.add(`${row}: octets of the answer to IXFR`, who, 'kB', (await octetsByIxfr(server, 2)) / 1000)
      } finally {
        await server.stop()
        await primary.stop()
      }
    }
  return figures.measured()
}

async function untilServed(server: Receiver): Promise<void> {
  const probe = new Probe()
  await probe.untilAllShow([server], ZONE, (serial) => serial === 1, 60_000).finally(() => probe.close())
}

interface Take {
  row: string
  who: string
  server: Receiver
  serial: number
}

async function take(figures: Figures, { row, who, server, serial }: Take): Promise<void> {
  const probe = new Probe()
  try {
    const before = processorMs(server.pids())
    forgetPeak(server.pids())
    probe.notify(server, ZONE, serial)
    figures.add(row, who, 'ms', await probe.untilAllShow([server], ZONE, (shown) => shown === serial, 30_000))
    await sleep(REST_MS)
    figures.add(`${row}: peak memory`, who, 'MB', peakMb(server.pids()))
    figures.add(`${row}: CPU, ${REST_MS / 1000} s after it included`, who, 'ms', processorMs(server.pids()) - before)
  } finally {
    probe.close()
  }
}

/** Octets of the answer to IXFR from a serial. */
function octetsByIxfr(server: Place, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.ip, port: server.port })
    let octets = 0
    socket.on('data', (data: Buffer) => {
      octets += data.length
    })
    socket.setTimeout(SILENCE_MS, () => socket.destroy())
    socket.on('error', reject)
    socket.on('close', () => resolve(octets))
    const query = writeQuery({
      id: 9,
      apex: nameToWire(ZONE),
      type: TYPE.IXFR,
      currentSoa: soaRecord(ZONE, from),
      edns: false,
    })
    socket.write(frame(query))
  })
}

/** Values by row and server, in the order of their first mention. */
class Figures {
  readonly #rows = new Map<string, { unit: string; values: Map<string, number[]> }>()

  add(row: string, who: string, unit: string, value: number): void {
    const { values } = this.#rows.get(row) ?? this.#rows.set(row, { unit, values: new Map() }).get(row)!
    const list = values.get(who) ?? []
    values.set(who, [...list, value])
  }

  measured(): Measured[] {
    return [...this.#rows].flatMap(([row, { unit, values }]) =>
      KNOBS.receivers.filter((who) => values.has(who)).map((who) => measured(row, who, unit, values.get(who)!)),
    )
  }
}
