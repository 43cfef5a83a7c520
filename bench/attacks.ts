/**
 * Measures transfers of a good node during each attack, in percent of those during the same load on another target; the longest
 * wait for an SOA, and the memory of the hub.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFlood } from '../lab/attack/raw-datagram.js'
import { startTcpAttack } from '../lab/attack/tcp-attacker.js'
import { AttackScene } from '../test/support/attack-scene.js'
import { FLOODS, openSink, TCP_ATTACKS } from '../test/support/attacks.js'
import { KNOBS } from './knobs.js'
import { type Measured, measured } from './statistics.js'

const PER_SECOND = 10_000
const SECONDS = 3

export async function measureAttacks(): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
  const scene = await AttackScene.start(folder, { records: 20_000 })
  const sink = await openSink()
  const rows: Measured[] = []
  const measure = async (id: string, attack: () => () => void, control: () => () => void): Promise<void> => {
    const shares: number[] = []
    const waits: number[] = []
    for (let round = 0; round < KNOBS.rounds; round++) {
      const beside = await scene.during(control, SECONDS)
      const under = await scene.during(attack, SECONDS)
      shares.push((100 * under.transfersPerSecond) / beside.transfersPerSecond)
      waits.push(under.longestMs)
    }
    rows.push(measured(`under attack, rate of a good node: ${id}`, 'zonecast', '%', shares))
    rows.push(measured(`under attack, longest wait for an SOA: ${id}`, 'zonecast', 'ms', waits))
  }
  try {
    for (const [id, make] of Object.entries(FLOODS)) {
      const flood = { ...make(), perSecond: PER_SECOND, count: PER_SECOND * 60 }
      await measure(
        `${PER_SECOND}/s ${id}`,
        () => startFlood([{ ...flood, to: scene.hub.transfer }]),
        () => startFlood([{ ...flood, to: sink.udp }]),
      )
    }
    for (const [id, make] of Object.entries(TCP_ATTACKS))
      await measure(
        id,
        () => startTcpAttack({ ...make(scene), to: scene.hub.transfer }),
        () => startTcpAttack({ ...make(scene), to: sink.tcp }),
      )
    rows.push(measured('under attack, most memory of the hub', 'zonecast', 'MB', [scene.megabytes('VmHWM')]))
  } finally {
    sink.close()
    await scene.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
