/**
 * The acts of a soak on the world of cast.ts, one after the other, chosen by a seed: changes at one primary or both, processes of
 * every kind killed, links cut, orders of operators. Each act repairs what it broke; `settle` ends a longer effect, such as a
 * hold.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { zoneText } from '../../lab/zone-text.js'
import { SHARDS } from '../../lib/fleet/shards.js'
import type { Role } from '../../services/hub/hub.js'
import { eventually } from '../support/eventually.js'
import { api, type HubProcess, spawnHub } from '../support/test-hub.js'
import { breakWorld, healWorld } from './break-world.js'
import { HOST_IDS, HUB_IDS, type HubId, hostLink, NODE_IDS, PRIMARY_IDS, type PrimaryId, RING_LINKS, ZONE } from './cast.js'
import type { Break } from './scenarios.js'
import type { Witness } from './witness.js'
import type { World } from './world.js'

const RECORDS = 200
/** The second hub has separate roles, in the order of their start. */
const ROLES: readonly Role[] = ['worker', 'transfer', 'watcher', 'api']
/** Two workers share its zones. */
const WORKERS = ['worker', 'second worker'] as const
type Apart = Role | (typeof WORKERS)[number]
const APART: HubId = 'hub-west'
const WHOLE: HubId = 'hub-east'

export class SoakActs {
  readonly #world: World
  readonly #witness: Witness
  readonly #random: () => number
  readonly #apart = new Map<Apart, HubProcess>()
  readonly #counts = new Map<string, number>()
  serial = 1
  /** The newest zone file. */
  #text = good(1)
  /** Versions that no node may serve yet: they came while the zone was on hold. */
  #onHold: { by: HubId; newest: number } | undefined

  constructor(world: World, witness: Witness, random: () => number) {
    this.#world = world
    this.#witness = witness
    this.#random = random
  }

  /** The second hub's roles in processes of their own. */
  async begin(): Promise<void> {
    await this.#world.killHub(APART)
    for (const role of ['worker', 'second worker', 'transfer', 'watcher', 'api'] as const) await this.#startRole(role)
  }

  async #startRole(role: Apart): Promise<void> {
    const played = role === 'second worker' ? 'worker' : role
    const name = role.replace(' ', '-')
    this.#apart.set(role, await spawnHub(this.#world.hubs[APART], ['--roles', played, '--worker', name]))
  }

  get counts(): string {
    return [...this.#counts].map(([what, n]) => `${n} × ${what}`).join(', ')
  }

  /** Running processes of this project, by kind. */
  pids(): Map<string, number> {
    const pids = new Map<string, number>()
    for (const [role, { child }] of this.#apart) pids.set(`${APART} ${role}`, child.pid!)
    const whole = this.#world.pidOf(WHOLE)
    if (whole !== undefined) pids.set(WHOLE, whole)
    return pids
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  async #whileBroken(what: Break): Promise<void> {
    await breakWorld(this.#world, what)
    if (what.kind === 'kill' && isPrimary(what.who)) await this.#publish(this.#text, [what.who])
    try {
      if (this.#random() < 0.7) await this.change()
      await sleep(this.#random() * 2_500)
    } finally {
      await healWorld(this.#world, what)
    }
  }

  /** One act. Returns its kind. `spares`: no process is killed, so that its growth can be measured. */
  async act(spares: boolean): Promise<string> {
    const acts: readonly (readonly [weight: number, name: string, act: () => Promise<void>])[] = [
      [6, 'change', () => this.change()],
      [2, 'bad change', () => this.#badChange()],
      [2, 'hub killed', () => this.#whileBroken({ kind: 'kill', who: WHOLE })],
      [4, 'role killed', () => this.#killRole()],
      [2, 'worker killed', () => this.#killOwner()],
      [2, 'Redis killed', () => this.#whileBroken({ kind: 'kill', who: 'redis' })],
      [1, 'Redis hangs', () => this.#whileBroken({ kind: 'freeze', who: 'redis' })],
      [1, 'Redis emptied', () => this.#emptyRedis()],
      [2, 'primary killed', () => this.#whileBroken({ kind: 'kill', who: this.#pick(PRIMARY_IDS) })],
      [2, 'ring link cut', () => this.#cut(this.#pick(RING_LINKS).id)],
      [1, 'host cut off', () => this.#cut(hostLink(this.#pick(HOST_IDS)))],
      [2, 'hold', () => this.#hold()],
      [1, 'resync', () => this.#resync()],
      [1, 'drain', () => this.#drain()],
    ]
    // Each in the bag as often as its weight.
    const bag = acts
      .filter(([, name]) => !(spares && (name === 'hub killed' || name === 'role killed' || name === 'worker killed')))
      .flatMap((row) => Array.from({ length: row[0] }, () => row))
    const [, name, act] = this.#pick(bag)
    await act()
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    return name
  }

  #cut(link: string): Promise<void> {
    return this.#whileBroken({ kind: 'cut', links: [link], how: this.#pick(['silent', 'down'] as const) })
  }

  /** At both primaries, or first at one and a little later at the other. */
  async change(): Promise<void> {
    this.serial += 1
    const text = good(this.serial)
    this.#text = text
    const first = this.#pick<readonly PrimaryId[]>([PRIMARY_IDS, PRIMARY_IDS, ['hm-east'], ['hm-west']])
    await this.#publish(text, first)
    await sleep(this.#random() * 400)
    const others = PRIMARY_IDS.filter((id) => !first.includes(id))
    if (others.length > 0) await this.#publish(text, others)
  }

  /** One that is stopped reads the file when it starts. */
  async #publish(text: string, primaries: readonly PrimaryId[]): Promise<void> {
    for (const id of primaries) await this.#world.publish(text, [id]).catch(() => undefined)
  }

  async #badChange(): Promise<void> {
    this.serial += 1
    this.#witness.bad.add(this.serial)
    this.#text = bad(this.serial)
    await this.#publish(this.#text, PRIMARY_IDS)
    await sleep(300 + this.#random() * 700)
    if (this.#random() < 0.5)
      await this.#order(this.#pick(HUB_IDS), `zones/${ZONE}/reject`, { serial: this.serial, reason: 'soak: it is bad' })
    await this.change()
  }

  async #killRole(): Promise<void> {
    const role = this.#pick(ROLES)
    await this.#apart.get(role)!.kill()
    if (this.#random() < 0.7) await this.change()
    await sleep(this.#random() * 1_500)
    await this.#startRole(role)
  }

  /** The other worker of the hub finishes the work of the killed one: it has all zones before that one is back. */
  async #killOwner(): Promise<void> {
    const killed = this.#pick(WORKERS)
    await this.#apart.get(killed)!.kill()
    if (this.#random() < 0.7) await this.change()
    const left = WORKERS.find((name) => name !== killed)!.replace(' ', '-')
    await eventually(
      async () => {
        const { workers } = await api<{ workers: { name: string; shards: number[] }[] }>(this.#world.hubs[APART], '/v1/workers')
        const shards = workers.find(({ name }) => name === left)?.shards.length
        if (shards !== SHARDS) throw new Error(`${left} has ${shards} shards of ${SHARDS}`)
      },
      { timeoutMs: 30_000, everyMs: 200 },
    )
    await this.#startRole(killed)
  }

  async #emptyRedis(): Promise<void> {
    await this.#world
      .server('redis')
      .control('FLUSHALL')
      .catch(() => undefined)
    await this.change()
  }

  /** Given while the world is healthy, so that it is on both hubs before the next event; changes wait meanwhile. */
  async #hold(): Promise<void> {
    if (this.#onHold !== undefined) return await this.#release()
    await this.#world.settled()
    const by = this.#pick(HUB_IDS)
    if (!(await this.#order(by, `zones/${ZONE}/hold`, { reason: 'soak' }))) return
    await sleep(1_000)
    const newest = this.serial
    this.#onHold = { by, newest }
    this.#witness.notBeyond(newest)
  }

  async #release(): Promise<void> {
    await this.#world.settled()
    this.#witness.notBeyond(undefined)
    this.#onHold = undefined
    await eventually(
      async () => {
        if (!(await this.#order(this.#pick(HUB_IDS), `zones/${ZONE}/release`, { reason: 'soak' })))
          throw new Error('not released')
      },
      { timeoutMs: 20_000, everyMs: 200 },
    )
  }

  async #resync(): Promise<void> {
    await this.#order(this.#pick(HUB_IDS), `nodes/${this.#pick(NODE_IDS)}/resync`, {
      strength: this.#pick(['notify', 'refresh', 'retransfer']),
    })
  }

  async #drain(): Promise<void> {
    const [hub, node] = [this.#pick(HUB_IDS), this.#pick(NODE_IDS)]
    if (!(await this.#order(hub, `nodes/${node}/drain`, { reason: 'soak' }))) return
    await this.change()
    await sleep(this.#random() * 1_000)
    await eventually(async () => {
      if (!(await this.#order(hub, `nodes/${node}/undrain`, {}))) throw new Error(`${node} stays drained`)
    })
  }

  async #order(hub: HubId, path: string, body: object): Promise<boolean> {
    return await api(this.#world.hubs[hub], `/v1/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(3_000),
    }).then(
      () => true,
      () => false,
    )
  }

  /** Ends the hold, and brings a last good version to both primaries. Returns its serial. */
  async settle(): Promise<number> {
    if (this.#onHold !== undefined) await this.#release()
    await this.#world.settled()
    this.serial += 1
    this.#text = good(this.serial)
    await this.#world.publish(this.#text)
    return this.serial
  }

  async end(): Promise<void> {
    await Promise.all([...this.#apart.values()].map((role) => role.stop()))
  }
}

const isPrimary = (who: string): who is PrimaryId => PRIMARY_IDS.includes(who as PrimaryId)

export const good = (serial: number): string =>
  zoneText(ZONE, { serial, records: RECORDS, refreshSeconds: 5, retrySeconds: 1, extra: [`v${serial} A 192.0.2.1`] })
const bad = (serial: number): string => zoneText(ZONE, { serial, records: RECORDS / 10, refreshSeconds: 5, retrySeconds: 1 })
