/**
 * Measures the verify of one large zone by AXFR beside the AXFR alone, whose octets are read and dropped: its time, its memory, and
 * what it costs the work of the event loop meanwhile.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { startBind } from '../lab/bind.js'
import { startKnot } from '../lab/knot.js'
import { startNsd } from '../lab/nsd.js'
import { zoneText } from '../lab/zone-text.js'
import { type IgnoredRecords, NOTHING_IGNORED } from '../lib/dns/ignored-records.js'
import type { Endpoint } from '../lib/dns/endpoint.js'
import { frame } from '../lib/dns/framing.js'
import { writeQuery } from '../lib/dns/message.js'
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { sleep } from '../lib/runtime/clock.js'
import { TransferThreads } from '../lib/verify/transfer-threads.js'
import { KNOBS } from './knobs.js'
import { Probe } from './probe.js'
import { type Measured, measured } from './statistics.js'

const ZONE = 'verify.example.'
const SERIAL = 5
const LOAD_MS = 120_000
const LIMITS = {
  octets: 2 ** 33,
  memory: Number.POSITIVE_INFINITY,
  records: 1e8,
  messages: 1e8,
  names: undefined,
  hint: '',
  connectMs: 5_000,
  firstOctetMs: 60_000,
  idleMs: 30_000,
  minOctetsPerSecond: 0,
  totalMs: 600_000,
}
/** Milliseconds of one unit of the event loop's other work. */
const UNIT_MS = 2

/** Makes of the node that is verified: each writes the messages of a transfer in its own way and at its own pace. */
const MAKES = { NSD: startNsd, Knot: startKnot, BIND: startBind } as const

export async function measureVerify(): Promise<Measured[]> {
  const rows: Measured[] = []
  for (const make of Object.keys(MAKES) as (keyof typeof MAKES)[])
    if (KNOBS.receivers.includes(make)) rows.push(...(await measureMake(make)))
  return rows
}

async function measureMake(make: keyof typeof MAKES): Promise<Measured[]> {
  const node = await MAKES[make]({
    name: 'node',
    tuned: true,
    zones: [{ name: ZONE, text: zoneText(ZONE, { serial: SERIAL, records: KNOBS.records }) }],
  })
  const other = await MAKES[make]({ name: 'other', tuned: true, zones: [{ name: ZONE, from: [node] }] })
  const threads = new TransferThreads()
  try {
    const apex = nameToWire(ZONE)
    const [address, otherAddress] = [node, other].map(({ ip, port }) => ({ ip, port })) as [Endpoint, Endpoint]
    await untilShown(otherAddress)
    // A type that the zone does not have: messages that came before count as new.
    let unused = 60_000
    const asBefore = () => ({ ttl: false, types: new Set([unused]) })
    const readFirst = () => {
      unused += 1
      return read(asBefore())
    }
    const readOther = () => read(asBefore(), otherAddress)
    const read = (ignored: IgnoredRecords = NOTHING_IGNORED, from = address) =>
      threads.read({
        remote: { id: 'node', address: from, key: undefined },
        sources: [],
        apex,
        limits: LIMITS,
        ignored,
      })
    const { octets, digest } = await read()
    const total = octets + 2 * (await messagesOf(address, apex, octets))
    const alone: number[] = []
    const ways = [
      { name: 'verify by AXFR', read: readFirst, took: [] as number[], grown: [] as number[], cpu: [] as number[] },
      { name: 'verify of another node', read: readOther, took: [] as number[], grown: [] as number[], cpu: [] as number[] },
      {
        name: 'verify of the same node again',
        read: () => read(),
        took: [] as number[],
        grown: [] as number[],
        cpu: [] as number[],
      },
    ]
    const idleUnits = await unitsDuring(() => sleep(2_000))
    const busyUnits: number[] = []
    for (let i = 0; i < Math.max(5, KNOBS.rounds); i++) {
      alone.push(await timeOf(() => drop(address, apex, total)))
      for (const way of ways) {
        const before = process.memoryUsage().rss
        let most = before
        const watch = setInterval(() => {
          most = Math.max(most, process.memoryUsage().rss)
        }, 20)
        const used = process.cpuUsage()
        way.took.push(
          await timeOf(async () => {
            if ((await way.read()).digest !== digest) throw new Error('the node has other content')
          }),
        )
        const { user, system } = process.cpuUsage(used)
        way.cpu.push((user + system) / 1000)
        clearInterval(watch)
        way.grown.push((most - before) / 2 ** 20)
      }
    }
    for (let i = 0; i < 3; i++) busyUnits.push(...(await unitsDuring(readFirst)))
    const row = `${KNOBS.records.toLocaleString('en')} records from ${make}`
    return [
      measured(`AXFR alone, ${row}`, 'octets dropped', 'ms', alone),
      ...ways.flatMap(({ name, took, grown, cpu }) => [
        measured(`${name}, ${row}`, 'zonecast', 'ms', took),
        measured(`${name}, ${row}: CPU of the hub`, 'zonecast', 'ms', cpu),
        measured(`${name}, ${row}: more memory`, 'zonecast', 'MiB', grown),
      ]),
      measured(`${UNIT_MS} ms of the event loop's other work, ${make}`, 'idle', 'ms', idleUnits),
      measured(`${UNIT_MS} ms of the event loop's other work, ${make}`, 'during a verify', 'ms', busyUnits),
    ]
  } finally {
    threads.close()
    await Promise.all([node.stop(), other.stop()])
  }
}

/** The node has transferred the zone. */
async function untilShown(node: Endpoint): Promise<void> {
  const probe = new Probe()
  await probe.untilAllShow([node], ZONE, (serial) => serial === SERIAL, LOAD_MS).finally(() => probe.close())
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** Reads so many octets of the answer to an AXFR. */
async function drop(address: { ip: string; port: number }, apex: Buffer, octets: number): Promise<void> {
  const socket = connect({ host: address.ip, port: address.port })
  let left = octets
  socket.on('data', (data: Buffer) => {
    left -= data.length
    if (left <= 0) socket.destroy()
  })
  socket.write(frame(writeQuery({ id: 1, apex, type: TYPE.AXFR, edns: true })))
  await once(socket, 'close')
}

/** Messages of the transfer: each has two octets of length before it. */
async function messagesOf(address: { ip: string; port: number }, apex: Buffer, octets: number): Promise<number> {
  const socket = connect({ host: address.ip, port: address.port })
  let seen = 0
  socket.on('data', (data: Buffer) => {
    seen += data.length
    if (seen > octets) socket.setTimeout(300, () => socket.destroy())
  })
  socket.write(frame(writeQuery({ id: 1, apex, type: TYPE.AXFR, edns: true })))
  await once(socket, 'close')
  return (seen - octets) / 2
}

/** Durations of units of arithmetic, one for each turn of the event loop, while `work` runs. */
async function unitsDuring(work: () => Promise<unknown>): Promise<number[]> {
  const units: number[] = []
  const loops = calibrated()
  let isOver = false
  const done = work().finally(() => {
    isOver = true
  })
  while (!isOver) {
    const startedAt = performance.now()
    spin(loops)
    units.push(performance.now() - startedAt)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await done
  return units
}

let known: number | undefined

function calibrated(): number {
  if (known !== undefined) return known
  for (let i = 0; i < 20; i++) spin(1_000_000)
  const startedAt = performance.now()
  for (let i = 0; i < 20; i++) spin(1_000_000)
  known = Math.round((1_000_000 * 20 * UNIT_MS) / (performance.now() - startedAt))
  return known
}

function spin(loops: number): number {
  let sum = 0
  for (let i = 0; i < loops; i++) sum = Math.imul(sum ^ i, 0x9e3779b1)
  return sum
}
