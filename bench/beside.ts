/**
 * `npm run bench:beside -- FOLDER`: measures this build beside that of another checkout, transfer by transfer in turn, so that
 * changes in the speed of the machine affect both alike. Prints old ÷ new for wall time and processor time: above 1 is faster.
 */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeKey } from '../lab/keys.js'
import type { LabKey } from '../lab/server.js'
import { KNOBS } from './knobs.js'
import { Probe } from './probe.js'
import { processorMs } from './processes.js'
import { median } from './statistics.js'
import { type Receiver, Source, startHubOf } from './transfers-in.js'
import { axfrRequest, drain } from './transfers-out.js'

const ZONE = 'large.example.'
const PAIRS = Number(process.env.BENCH_PAIRS ?? 21)
const CHANGED = 1000

const checkout = resolve(process.argv[2] ?? '')

const processorOf = ({ pids }: Receiver): number => processorMs(pids().slice(0, 1))

interface Side {
  times: number[]
  processor: number[]
}

/**
 * Does the same to both, in turn; the first one changes each time. The first pair warms up. Processor time covers all of it,
 * including the work of a hub after its answer.
 */
async function inTurn(
  pairs: number,
  both: readonly [Receiver, Receiver],
  act: (to: Receiver) => Promise<unknown>,
  prepare: () => Promise<void> = async () => undefined,
): Promise<[Side, Side]> {
  const sides: [Side, Side] = [
    { times: [], processor: [] },
    { times: [], processor: [] },
  ]
  let before = [0, 0]
  for (let i = 0; i <= pairs; i++) {
    if (i === 1) before = both.map(processorOf)
    await prepare()
    for (const which of i % 2 === 0 ? [0, 1] : [1, 0]) {
      const startedAt = performance.now()
      await act(both[which]!)
      if (i > 0) sides[which]!.times.push(performance.now() - startedAt)
      await sleep(30)
    }
  }
  for (const which of [0, 1]) sides[which]!.processor.push(processorOf(both[which]!) - before[which]!)
  return sides
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

function print(row: string, [old, now]: readonly [Side, Side]): void {
  const ratios = old.times.map((time, i) => time / now.times[i]!)
  const [wall, processor] = [median(ratios), sum(old.processor) / sum(now.processor)]
  console.log(
    `${row}: wall ${wall.toFixed(3)} (${median(old.times).toFixed(1)} → ${median(now.times).toFixed(1)} ms), processor ${processor.toFixed(3)} (${sum(old.processor)} → ${sum(now.processor)} ms in ${old.times.length})`,
  )
}

const untilShown = async (probe: Probe, hub: Receiver, serial: number): Promise<number> =>
  await probe.untilAllShow([hub], ZONE, (shown) => shown === serial, 120_000)

async function withBoth<T>(source: Source, key: LabKey | undefined, use: (both: [Receiver, Receiver]) => Promise<T>): Promise<T> {
  const both: [Receiver, Receiver] = [
    await startHubOf(ZONE, source.place, { key }, checkout),
    await startHubOf(ZONE, source.place, { key }),
  ]
  try {
    return await use(both)
  } finally {
    for (const hub of both) await hub.stop()
  }
}

async function transfersOut(): Promise<void> {
  for (const { records, clients: loads } of KNOBS.clients)
    for (const key of [undefined, makeKey('bench-key', 'hmac-sha256')]) {
      const source = await Source.start(records)
      await source.go(1)
      await withBoth(source, key, async (both) => {
        const probe = new Probe()
        for (const hub of both) await untilShown(probe, hub, 1)
        probe.close()
        for (const clients of loads) {
          const request = axfrRequest(key)
          const sides = await inTurn(PAIRS, both, (hub) =>
            Promise.all(Array.from({ length: clients }, () => drain(hub, records + 1, request))),
          )
          print(`AXFR out of ${records}${key ? ' signed' : ''} to ${clients}`, sides)
        }
      })
      await source.stop()
    }
}

async function changesIn(): Promise<void> {
  for (const records of KNOBS.sizes) {
    const source = await Source.start(records)
    await source.go(1)
    await withBoth(source, undefined, async (both) => {
      const probe = new Probe()
      for (const hub of both) await untilShown(probe, hub, 1)
      let serial = 1
      const sides = await inTurn(
        2 * PAIRS,
        both,
        async (hub) => {
          probe.notify(hub, ZONE, serial)
          await untilShown(probe, hub, serial)
        },
        async () => {
          serial = await source.change(CHANGED)
        },
      )
      print(`IXFR in, ${CHANGED} of ${records}`, sides)
      probe.close()
    })
    await source.stop()
  }
}

/** Each transfer starts from a fresh hub. */
async function transfersIn(zonemd: boolean): Promise<void> {
  const sides: [Side, Side] = [
    { times: [], processor: [] },
    { times: [], processor: [] },
  ]
  for (let i = 0; i < PAIRS / 2; i++)
    for (const which of i % 2 === 0 ? [0, 1] : [1, 0]) {
      const source = await Source.start(KNOBS.records, zonemd)
      const hub = await startHubOf(ZONE, source.place, undefined, which === 0 ? checkout : undefined)
      const probe = new Probe()
      const before = processorOf(hub)
      await source.go(1)
      probe.notify(hub, ZONE)
      sides[which]!.times.push(await untilShown(probe, hub, 1))
      sides[which]!.processor.push(processorOf(hub) - before)
      probe.close()
      await hub.stop()
      await source.stop()
    }
  print(`AXFR in of ${KNOBS.records}${zonemd ? ' with ZONEMD' : ''}`, sides)
}

if (process.argv[2] === undefined) throw new Error('name the folder of another checkout that has been built')
const rows: Record<string, () => Promise<void>> = {
  changes: changesIn,
  in: async () => {
    for (const zonemd of process.env.BENCH_PLAIN ? [false] : [false, true]) await transfersIn(zonemd)
  },
  out: transfersOut,
}
for (const [name, measure] of Object.entries(rows)) if (KNOBS.rows?.includes(name) ?? true) await measure()
