/**
 *   hm1, hm2 (Knot, hidden) ──▶ zonecast, with its private Redis ──▶ cloud A: NSD ×3 · cloud B: BIND ×2, Knot
 *
 * Starts and ends all of these on loopback. Both primaries accept dynamic updates; only hm1 signs the signed zone, and hm2
 * transfers it, because two signers would make two versions under one serial.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkProgram, type LabProgram } from '../../lab/available.js'
import { startBind } from '../../lab/bind.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { findProgram } from '../../lab/program.js'
import { type LabKey, type LabPeer, type LabServer, makeServerFolder } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { castNodes, type DemoNode, type Make, PRIMARY_IPS, ZONES } from './cast.js'
import { DemoError } from './errors.js'
import { hubConfigText } from './hub-config.js'
import { HubProcess } from './own-program.js'

export type PrimaryId = keyof typeof PRIMARY_IPS

const START: Record<Make, typeof startKnot> = { knot: startKnot, nsd: startNsd, bind: startBind }

/** A secondary that was queried too early tries again after this time. */
const TIMERS = { refreshSeconds: 3600, retrySeconds: 5 }

/** Throws DemoError DEMO_NOT_INSTALLED with every package that is missing. */
export function requirePrograms(): void {
  const needed: LabProgram[] = ['knot', 'nsd', 'bind', 'redis']
  const packages = needed.map(checkProgram).flatMap((program) => (program.version === undefined ? program.packages : []))
  if (findProgram('nsupdate') === undefined) packages.push('bind9-dnsutils')
  if (packages.length === 0) return
  throw new DemoError(
    { code: 'DEMO_NOT_INSTALLED', packages },
    `the demo runs real name servers, and some are missing: apt-get install ${packages.join(' ')}`,
  )
}

export class Constellation {
  readonly updateKey: LabKey = makeKey('hm-key')
  readonly nodes: readonly DemoNode[] = castNodes()
  readonly primaries = new Map<PrimaryId, LabServer>()
  readonly servers = new Map<string, LabServer>()
  hub: HubProcess | undefined
  configFile = ''
  dashboard = ''
  #starting: Promise<unknown> = Promise.resolve()

  /** When this throws, the servers that have started still need `stop`. */
  async start(): Promise<void> {
    this.#starting = this.#startAll()
    await this.#starting
  }

  async #startAll(): Promise<void> {
    const transferPort = await findPort()
    const apiPort = await findPort()
    const primaries = []
    for (const id of Object.keys(PRIMARY_IPS) as PrimaryId[])
      primaries.push({ id, ip: PRIMARY_IPS[id], port: await findPort(PRIMARY_IPS[id]) })
    const nodes = []
    for (const node of this.nodes) nodes.push({ ...node, port: await findPort(node.ip) })
    const hubPeer: LabPeer = { ip: '127.0.0.1', port: transferPort, key: this.updateKey }
    const [hm1, hm2] = primaries.map(({ ip, port }): LabPeer => ({ ip, port, key: this.updateKey }))
    await settled([
      this.#startPrimary('hm1', hm1!, undefined, [hubPeer, hm2!]),
      this.#startPrimary('hm2', hm2!, hm1!, [hubPeer]),
      ...nodes.map(async (node) => {
        const from = [{ ip: '127.0.0.1', port: transferPort, key: node.key }]
        const zones = ZONES.map(({ name }) => ({ name, from }))
        const options = { name: node.id, ip: node.ip, port: node.port, zones, transferKey: node.key }
        this.servers.set(node.id, await START[node.make](options))
      }),
    ])
    const folder = makeServerFolder('hub')
    this.configFile = join(folder, 'zonecast.yaml')
    this.dashboard = `http://127.0.0.1:${apiPort}/`
    const zones = ZONES.map(({ name }) => name)
    const controlled = nodes.map((node) => ({ ...node, channel: this.servers.get(node.id)!.channel! }))
    const sketch = { apiPort, transferPort, primaryKey: this.updateKey, primaries, nodes: controlled, zones }
    writeFileSync(this.configFile, hubConfigText(sketch), { mode: 0o600 })
    this.hub = await HubProcess.start(folder, this.configFile)
  }

  async #startPrimary(id: PrimaryId, at: LabPeer, signer: LabPeer | undefined, notify: LabPeer[]): Promise<void> {
    const zones = ZONES.map(({ name, records, signed }) =>
      signed && signer !== undefined
        ? { name, from: [signer] }
        : { name, text: zoneText(name, { serial: 1, records, ...TIMERS }), signed },
    )
    const { ip, port } = at
    const keys = { transferKey: this.updateKey, updateKey: this.updateKey }
    this.primaries.set(id, await startKnot({ name: id, ip, port, zones, notify, ...keys }))
  }

  /** Ends all servers, even while some are still starting. */
  async stop(): Promise<void> {
    await this.#starting.catch(() => undefined)
    await this.hub?.stop()
    await Promise.all([...this.primaries.values(), ...this.servers.values()].map((server) => server.stop()))
  }
}

/** Waits for all, then throws the first failure: then no server is still starting. */
async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason
}
