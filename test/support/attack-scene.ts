/** A hub in its own process with a real primary, a good node, and the address and key of a node under foreign control. */
import { readFileSync } from 'node:fs'
import { GoodNode } from '../../lab/attack/good-node-process.js'
import type { GoodNodeFigures } from '../../lab/attack/good-node.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import type { LabKey, LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { TsigKey } from '../../lib/dns/tsig-record.js'
import { eventually } from './eventually.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from './test-hub.js'

export const ATTACKED_ZONE = 'attacked.example.'
export const GOOD = '127.0.21.1'
export const TAKEN_OVER = '127.0.22.1'
/** `127.0.66.*` */
export const STRANGERS = Array.from({ length: 20 }, (_, i) => `127.0.66.${i + 1}`)

export interface AttackOptions {
  records?: number
  /** Settings of the transfer server besides its address. */
  transfer?: Record<string, unknown>
}

export class AttackScene {
  readonly hub: HubProcess
  readonly good: GoodNode
  readonly primary: LabServer
  readonly key: LabKey
  readonly wireKey: TsigKey

  private constructor(hub: HubProcess, good: GoodNode, primary: LabServer, key: LabKey) {
    this.hub = hub
    this.good = good
    this.primary = primary
    this.key = key
    this.wireKey = new TsigKey(key.name, key.algorithm, Buffer.from(key.secret, 'base64'))
  }

  static async start(folder: string, { records = 5_000, transfer = {} }: AttackOptions = {}): Promise<AttackScene> {
    const key = makeKey('taken-over')
    const primary = await startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: [{ name: ATTACKED_ZONE, text: zoneText(ATTACKED_ZONE, { records, retrySeconds: 1 }) }],
    })
    const port = await findPort()
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: {
          good: { cloud: 'A', ip: GOOD, port: 5300 },
          bad: { cloud: 'A', ip: TAKEN_OVER, port: 5300, key },
        },
        zones: [{ name: ATTACKED_ZONE }],
        // The good node transfers one version as often as it can.
        extra: { transfer: { listen: [`127.0.0.1:${port}`], repeats: 0, ...transfer } },
      },
      { transfer: port },
    )
    let hub: HubProcess | undefined
    try {
      hub = await spawnHub(place)
      await eventually(async () => {
        const { serial } = await api<{ serial: number | null }>(place, `/v1/zones/${ATTACKED_ZONE}`)
        if (serial === null) throw new Error('nothing is released yet')
      })
      const good = await GoodNode.start({ to: place.transfer, source: GOOD, zone: ATTACKED_ZONE })
      return new AttackScene(hub, good, primary, key)
    } catch (error) {
      await hub?.stop()
      await primary.stop()
      throw error
    }
  }

  /** Resident memory of the hub, MiB: now, or the maximum so far. */
  megabytes(which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
    const status = readFileSync(`/proc/${this.hub.child.pid}/status`, 'utf8')
    return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)![1]) / 1024
  }

  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.hub.api}/metrics`)).text()
    return [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))]
      .filter(([, has = '']) => has.includes(labels))
      .reduce((sum, [, , value]) => sum + Number(value), 0)
  }

  /** The answers to the good node during the attack, which starts a moment before and ends after. */
  async during(attack: () => () => void, seconds = 3): Promise<GoodNodeFigures> {
    const end = attack()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    try {
      return await this.good.measure(seconds)
    } finally {
      end()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }

  async stop(): Promise<void> {
    this.good.stop()
    await this.hub.stop()
    await this.primary.stop()
  }
}
