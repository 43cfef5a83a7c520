/**
 * A correct node, as a process of its own: it transfers a zone again and again, and queries its SOA every few milliseconds. The
 * difference in both, alone and beside an attack, is the cost of the attack.
 *
 * On standard input `measure SECONDS`; on standard output one line of JSON for each.
 */
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageFramer, frame } from '../../lib/dns/framing.js'
import { writeQuery } from '../../lib/dns/message.js'
import { nameToWire } from '../../lib/dns/name.js'
import { TYPE } from '../../lib/dns/rrtype.js'

/** The JSON argument from the parent. */
export interface GoodNodePlan {
  to: { ip: string; port: number }
  /** Address of this node. */
  source: string
  zone: string
  /** Octets of the full answer, lengths included, as in the first transfer. */
  octets?: number
}

export interface GoodNodeFigures {
  /** Full transfers per second. */
  transfersPerSecond: number
  /** Connections that ended early. */
  errors: number
  /** SOA queries that had no answer within a second. */
  lost: number
  /** Longest wait for an SOA, milliseconds: a pause of the server's event loop shows here. */
  longestMs: number
}

const SOA_EVERY_MS = 5
const LOST_MS = 1_000

const plan = JSON.parse(process.argv[2]!) as GoodNodePlan
const apex = nameToWire(plan.zone)
const axfr = frame(writeQuery({ id: 7, apex, type: TYPE.AXFR, edns: false }))

/** Transfers the zone once on an open connection. Resolves with the octets, or undefined when the server disconnects. */
function take(socket: Socket, octets: number | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    let have = 0
    const framer = new MessageFramer()
    const end = (result: number | undefined): void => {
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      resolve(result)
    }
    socket.on('close', () => end(undefined)).on('error', () => end(undefined))
    socket.on('data', (data) => {
      have += data.length
      if (octets !== undefined) {
        if (have >= octets) end(have)
        return
      }
      // First transfer: the closing SOA is the last record of a message, 20 octets of numbers after two names.
      framer.push(data, (message) => {
        if (isLast(message)) end(have)
      })
    })
    socket.write(axfr)
  })
}

let opening: Buffer | undefined

/** True when the message ends like the answer began: with the numbers of the zone's SOA. */
function isLast(message: Buffer): boolean {
  if (opening === undefined) {
    const at = message.indexOf(Buffer.from([0, TYPE.SOA, 0, 1]), 12 + apex.length + 4)
    const end = at + 10 + message.readUInt16BE(at + 8)
    opening = Buffer.from(message.subarray(end - 20, end))
    return message.length > end && message.subarray(-20).equals(opening)
  }
  return message.subarray(-20).equals(opening)
}

const open = (): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: plan.to.ip, port: plan.to.port, localAddress: plan.source })
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })

async function transfers(until: number): Promise<{ done: number; errors: number }> {
  let done = 0
  let errors = 0
  let socket: Socket | undefined
  while (performance.now() < until) {
    socket ??= await open()
    const octets = socket && (await take(socket, plan.octets))
    if (octets === undefined) {
      errors += 1
      socket?.destroy()
      socket = undefined
      await sleep(5)
      continue
    }
    plan.octets = octets
    done += 1
  }
  socket?.destroy()
  return { done, errors }
}

async function soaQueries(until: number): Promise<{ lost: number; longestMs: number }> {
  const socket = createSocket('udp4')
  socket.bind(0, plan.source)
  const asked = new Map<number, number>()
  let longestMs = 0
  let lost = 0
  socket.on('message', (answer) => {
    const at = asked.get(answer.readUInt16BE(0))
    asked.delete(answer.readUInt16BE(0))
    if (at !== undefined) longestMs = Math.max(longestMs, performance.now() - at)
  })
  for (let id = 0; performance.now() < until; id = (id + 1) & 0xffff) {
    asked.set(id, performance.now())
    socket.send(writeQuery({ id, apex, type: TYPE.SOA, edns: false }), plan.to.port, plan.to.ip, () => undefined)
    await sleep(SOA_EVERY_MS)
  }
  await sleep(Math.min(LOST_MS, 200))
  for (const at of asked.values()) {
    if (performance.now() - at > LOST_MS) lost += 1
    longestMs = Math.max(longestMs, Math.min(LOST_MS, performance.now() - at))
  }
  socket.close()
  return { lost, longestMs }
}

for await (const line of createInterface(process.stdin)) {
  const seconds = Number(/^measure ([\d.]+)$/.exec(line)?.[1] ?? Number.NaN)
  if (Number.isNaN(seconds)) continue
  const begun = performance.now()
  const until = begun + seconds * 1000
  const [{ done, errors }, soa] = await Promise.all([transfers(until), soaQueries(until)])
  const figures: GoodNodeFigures = {
    transfersPerSecond: Math.round((done / seconds) * 10) / 10,
    errors,
    lost: soa.lost,
    longestMs: Math.round(soa.longestMs),
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
