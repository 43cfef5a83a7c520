/** The same zones, primary and nodes with a Knot between them: secondary of the primary, which notifies the nodes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../../lab/ports.js'
import { startKnot } from '../../lab/knot.js'
import type { LabServer } from '../../lab/server.js'
import { raiseAsTheHub } from '../processes.js'
import { DELIVERY_CPU, FIRST, Figures, HAS, MEMORY_AFTER, PEAK, spread } from './figures.js'
import { cpuSecondsOf, memoryOf } from './hub.js'
import { FLEET, type Size } from './knobs.js'
import { now, seconds } from './phase.js'
import { Simulators } from './simulators.js'
import { zoneName } from './wire.js'

const SETTLE_MS = 5000
const SAMPLE_EVERY_MS = 1000

export async function runKnot(size: Size): Promise<Figures> {
  const at = { ip: '127.0.0.1', port: await findPort() }
  const simulators = await Simulators.start(size, at)
  let server: LabServer | undefined
  const figures = new Figures(size, 'Knot')
  let peak = 0
  const sampler = setInterval(() => {
    if (server) peak = Math.max(peak, memoryOf(server.pid))
  }, SAMPLE_EVERY_MS)
  try {
    const from = [simulators.primary]
    const startedAt = now()
    const zones = Array.from({ length: size.zones }, (_, i) => ({ name: zoneName(i), from }))
    const knot = await startKnot({ name: 'distributor', ...at, zones, notify: simulators.nodes, tuned: true, source: 'by-route' })
    server = knot
    raiseAsTheHub(knot.pid)
    const expectRunning = () => {
      if (!knot.isRunning()) throw new Error(`Knot has ended: ${knot.log().slice(-160)}`)
    }
    const { lastAt } = await simulators.allHave(size, 1, expectRunning)
    figures.add(FIRST, 's', [seconds(startedAt, lastAt)])
    const has: number[] = []
    const cpu: number[] = []
    const memory: number[] = []
    let then = ''
    try {
      for (let round = 0; round < FLEET.rounds; round++) {
        await sleep(SETTLE_MS)
        const before = cpuSecondsOf(knot.pid)
        const changedAt = await simulators.change(0, size.zones)
        const { lastAt: last } = await simulators.allHave(size, 2 + round, expectRunning)
        has.push(seconds(changedAt, last))
        cpu.push((1000 * (cpuSecondsOf(knot.pid) - before)) / (size.zones * size.nodes))
        memory.push(memoryOf(knot.pid))
      }
    } catch (error) {
      then = `, then ${(error as Error).message}`
      throw error
    } finally {
      if (has.length === 0) figures.fail(HAS, then.slice(2))
      else {
        figures.add(HAS, 's', has, spread(has, 's') + then)
        figures.add(DELIVERY_CPU, 'ms', cpu, spread(cpu, 'ms'))
        figures.add(MEMORY_AFTER, 'MB', memory, spread(memory, 'MB'))
      }
      figures.add(PEAK, 'MB', [peak])
    }
  } catch (error) {
    figures.fail('ended early', (error as Error).message)
  } finally {
    clearInterval(sampler)
    console.log(`${figures.column} simulators: ${JSON.stringify(await simulators.report().catch(() => undefined))}`)
    await server?.stop()
    await simulators.stop()
  }
  return figures
}
