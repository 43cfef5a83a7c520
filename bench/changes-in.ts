/**
 * IXFR in → out: the primary has a change of 1,000 records; NOTIFY → the receiver answers with the new serial, at three sizes of
 * zone.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { KNOBS } from './knobs.js'
import { Probe } from './probe.js'
import { type Measured, measured } from './statistics.js'
import { Source, startReceiver } from './transfers-in.js'

const ZONE = 'large.example.'
const CHANGES = 1000
/** Changes measured for each receiver and size; the first ones warm up. */
const TIMES = 41
const WARM_UP = 9

export async function measureChangesIn(): Promise<Measured[]> {
  const rows: Measured[] = []
  for (const records of KNOBS.sizes)
    for (const who of KNOBS.receivers) {
      const row = `IXFR in, ${CHANGES} of ${records.toLocaleString('en')} records: NOTIFY → answers the new serial`
      rows.push(measured(row, who, 'ms', await timesOf(who, records)))
    }
  return rows
}

async function timesOf(who: string, records: number): Promise<number[]> {
  const source = await Source.start(records)
  await source.go(1)
  const receiver = await startReceiver(who, ZONE, source.place)
  const probe = new Probe()
  const values: number[] = []
  try {
    await probe.untilAllShow([receiver], ZONE, (serial) => serial === 1, 120_000)
    for (let i = 0; i < TIMES + WARM_UP; i++) {
      await sleep(150)
      const serial = await source.change(CHANGES)
      probe.notify(receiver, ZONE, serial)
      const took = await probe.untilAllShow([receiver], ZONE, (shown) => shown === serial, 60_000)
      if (i >= WARM_UP) values.push(took)
    }
  } finally {
    probe.close()
    await receiver.stop()
    await source.stop()
  }
  return values
}
