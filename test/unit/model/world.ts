/**
 * A world of primaries, hubs and nodes in which a content is a number, and a difference sequence is its effect on a content.
 * The program's own decisions apply: source-doubt, primary-cells, node-cells, node-content, zone-view. The wire, the disk and
 * time are left out.
 */
import { compareSerials, isNewer } from '../../../lib/dns/serial.js'
import { soaOf } from '../../../lib/dns/message.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone, Primary } from '../../../lib/fleet/fleet.js'
import { contentOf, mayHaveOther } from '../../../lib/fleet/node-content.js'
import { standingOf } from '../../../lib/fleet/zone-view.js'
import { nodeCell, noteAnswer, noteLost, noteProof, noteDelivered } from '../../../lib/observe/node-cells.js'
import { askPrimary } from '../../../lib/observe/primary-cells.js'
import { contentDoubt, ROLLED_BACK, sourceDoubt } from '../../../lib/refresh/source-doubt.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { pairKey } from '../../../lib/state/tables.js'
import { APEX, soa as soaText, stored, ZONE } from '../../support/transfer-script.js'

const NAME = parseZoneName(ZONE)
const FLEET_ZONE = { name: NAME, apex: APEX, refresh: { minMs: 1_000, maxMs: 3_600_000 } } as FleetZone
const RULES = { lagWarnMs: 1e9, stuckMs: 1e9, unknownAfterMissed: 3, staleMs: 1e9 }
const metrics = new Metrics()

interface State {
  serial: number
  content: number
}

interface HubVersion extends State {
  from: string
  sources: Record<string, number>
  isTorn: boolean
}

class HiddenPrimary {
  readonly id: string
  /** The versions that it remembers, newest last: the base of its difference sequences. */
  history: State[]
  isSilent = false

  constructor(id: string, first: State) {
    this.id = id
    this.history = [first]
  }

  get now(): State {
    return this.history.at(-1)!
  }
}

export class World {
  readonly primaries: readonly HiddenPrimary[]
  readonly hubs: readonly ModelHub[]
  readonly nodes = new Map<string, State | undefined>()
  /** The hubs' shared knowledge of nodes. */
  readonly shared = new Board()
  readonly #disks = new Map<string, State>()
  #watchedSince = 0
  #contents = 1
  #now = 1_000_000

  constructor(primaries: number, hubs: number, nodes: number) {
    this.primaries = Array.from({ length: primaries }, (_, i) => new HiddenPrimary(`hm${i + 1}`, { serial: 1, content: 1 }))
    this.hubs = Array.from({ length: hubs }, () => new ModelHub(this))
    for (let i = 0; i < nodes; i++) this.nodes.set(`n${i + 1}`, undefined)
  }

  tick(): number {
    this.#now += 1_000
    return this.#now
  }

  newContent(): number {
    return ++this.#contents
  }

  /** A content that no primary ever had: a difference sequence on another base leads there. */
  mixture(): number {
    return -this.newContent()
  }

  lose(node: string): void {
    const state = this.nodes.get(node)
    if (state !== undefined) this.#disks.set(node, state)
    this.nodes.set(node, undefined)
  }

  load(node: string): void {
    const kept = this.#disks.get(node)
    if (this.nodes.get(node) === undefined && kept !== undefined) this.nodes.set(node, kept)
  }

  /** The hubs keep their knowledge of nodes; the last changes may be lost. */
  restart(): void {
    this.#watchedSince = this.tick()
  }

  /** The node answers a query. */
  observe(): void {
    for (const [id, state] of this.nodes) {
      const now = this.tick()
      if (state === undefined) noteLost(this.shared, NAME, id, 'REFUSED', true, now)
      else {
        noteAnswer(this.shared, NAME, id, state.serial, now, { since: this.#watchedSince, hasHeardAll: () => true })
        for (const hub of this.hubs) this.#prove(hub, id, state)
      }
    }
  }

  /** Succeeds for every difference sequence: queries are not modelled. */
  #prove({ latest }: ModelHub, id: string, { serial, content }: State): void {
    if (latest === undefined || latest.serial !== serial) return
    const version = { serial, digest: `c${latest.content}` }
    if (contentOf(nodeCell(this.shared, NAME, id), { ...version, torn: latest.isTorn }) !== 'unproved') return
    noteProof(this.shared, NAME, id, version, this.tick(), content === latest.content ? undefined : 'answers otherwise')
  }

  stateOf(hub: ModelHub, node: string): string {
    const { latest } = hub
    const releases = hub.versions.map(({ serial, content, isTorn }) => ({
      serial,
      digest: `c${content}`,
      releasedAt: 1,
      torn: isTorn,
    }))
    const facts = { releases, staged: [], conflict: hub.conflicting.size > 0, expired: false }
    const cell = nodeCell(this.shared, NAME, node)
    return latest === undefined ? 'unknown' : standingOf(facts, { ...cell, id: node, drained: false }, RULES, this.tick()).state
  }
}

export class ModelHub {
  readonly #world: World
  readonly #board = new Board()
  versions: HubVersion[] = []
  conflicting = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  get latest(): HubVersion | undefined {
    return this.versions.at(-1)
  }

  #cell(id: string) {
    return this.#board.get('primaries', pairKey(NAME, id))
  }

  /** Polls every primary, compares those in doubt, transfers newer versions. */
  async refresh(): Promise<void> {
    for (const primary of this.#world.primaries) {
      await this.#poll(primary)
      if (primary.isSilent) continue
      const { latest } = this
      if (isNewer(primary.now.serial, latest?.serial)) this.#transfer(primary)
      else if (latest !== undefined && primary.now.serial === latest.serial) this.#compare(primary, latest)
    }
  }

  async #poll(primary: HiddenPrimary): Promise<void> {
    const ask = async () => {
      if (primary.isSilent) throw new Error('silence')
      return { soa: soaOf(stored(soaText(primary.now.serial))[0]!), expireSeconds: undefined, tookMs: 1 }
    }
    const clock = { now: () => this.#world.tick() }
    await askPrimary(FLEET_ZONE, { id: primary.id } as Primary, { soa: { ask }, board: this.#board, clock, metrics })
  }

  #compare(primary: HiddenPrimary, latest: HubVersion): void {
    if (contentDoubt(latest, primary.id, this.#cell(primary.id)) === undefined) return
    if (primary.now.content === latest.content) {
      latest.sources[primary.id] = this.#world.tick()
      this.conflicting.delete(primary.id)
    } else this.conflicting.set(primary.id, primary.now.content)
  }

  #transfer(primary: HiddenPrimary): void {
    const { latest } = this
    const { serial, content } = primary.now
    const at = this.#world.tick()
    const doubt = latest && sourceDoubt(latest, this.conflicting.size > 0, primary.id, this.#cell(primary.id))
    const base = latest && primary.history.findLast((state) => state.serial === latest.serial)
    const isDifference = latest !== undefined && doubt === undefined && base !== undefined
    // A difference sequence from other content leads to a content that no primary has.
    const result = !isDifference || base.content === latest.content ? content : this.#world.mixture()
    this.commit({ serial, content: result, from: primary.id, sources: { [primary.id]: at } })
  }

  commit(version: Omit<HubVersion, 'isTorn'>): void {
    const isTorn = this.versions.some((other) => other.serial === version.serial && other.content !== version.content)
    this.versions.push({ ...version, isTorn })
    this.conflicting.clear()
  }

  /** An operator chooses the content of a primary that is in conflict. */
  choose(): void {
    const [chosen] = this.conflicting
    const { latest } = this
    if (chosen === undefined || latest === undefined) return
    const [from, content] = chosen
    this.commit({ serial: latest.serial, content, from, sources: { [from]: this.#world.tick() } })
  }

  rollBack(): void {
    const { latest } = this
    const old = this.versions.at(-2)
    if (latest === undefined || old === undefined) return
    this.commit({ serial: latest.serial + 1, content: old.content + 0.5, from: ROLLED_BACK, sources: {} })
  }

  /**
   * The node transfers anew, whatever serial it has; it may fail to load a delivery under the serial that it has. A node
   * that fails to load a newer serial, and then gets the same one from another server, is left out: it looks like one that
   * loaded.
   */
  force(node: string, isKept: boolean): void {
    const { latest } = this
    const { nodes, shared } = this.#world
    if (latest === undefined || (nodes.get(node)?.serial ?? 0) > latest.serial) return
    if (isKept || nodes.get(node)?.serial !== latest.serial) nodes.set(node, { serial: latest.serial, content: latest.content })
    noteDelivered(shared, NAME, node, { serial: latest.serial, digest: `c${latest.content}` }, this.#world.tick())
  }

  /** The node gets a NOTIFY and requests the newer version: by IXFR from its serial when the hub sends that. */
  deliver(node: string): void {
    const { latest } = this
    const { nodes, shared } = this.#world
    const has = nodes.get(node)
    if (latest === undefined || (has !== undefined && compareSerials(latest.serial, has.serial) !== 'newer')) return
    const kept = has && this.versions.findLast(({ serial }) => serial === has.serial)
    const isWhole =
      has === undefined ||
      kept === undefined ||
      kept.isTorn ||
      mayHaveOther(nodeCell(shared, NAME, node), has.serial, `c${kept.content}`)
    const content = isWhole || kept.content === has.content ? latest.content : this.#world.mixture()
    nodes.set(node, { serial: latest.serial, content })
    noteDelivered(shared, NAME, node, { serial: latest.serial, digest: `c${latest.content}` }, this.#world.tick())
  }
}
