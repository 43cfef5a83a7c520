/** A zone with versions on disk, and primaries whose answers are lists of records; for tests of comparing. */
import type { InTurn } from '../../../lib/runtime/zone-turns.js'
import { join } from 'node:path'
import type { SmallMessage } from '../../../lib/dns/message.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { TransferClient, Transferred, TransferWish } from '../../../lib/transfer/transfer-client.js'
import type { Remote } from '../../../lib/fleet/remote.js'
import { Board } from '../../../lib/state/board.js'
import { type PrimaryCell, pairKey } from '../../../lib/state/tables.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Version } from '../../../lib/store/version.js'
import { PrimaryComparer } from '../../../services/worker/primary-comparer.js'
import { openZone } from '../../support/kept-zone.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { LIMITS, receive, soa, ZONE } from '../../support/transfer-script.js'
import { fleetPrimary, fleetZone } from '../fleet/facts.js'

export const NS = 'example. 300 NS ns1.example.'
export const A = 'a.example. 300 A 192.0.2.1'
export const B = 'b.example. 300 A 192.0.2.2'
export const C = 'c.example. 300 A 192.0.2.3'
export const lines = (serial: number, ...records: string[]): string[] => [soa(serial), NS, ...records]

/** A primary's answer: the records of an AXFR, an error, or nothing. */
export type Given = readonly string[] | Error | 'silence'

export class CompareScene {
  readonly board = new Board()
  readonly stored: StoredZone
  readonly logged: string[] = []
  now = 1_000_000
  /** The queries: `hm2 axfr`, `hm2 ixfr` and `hm2 apex`. */
  asked: string[] = []
  answers: Record<string, Given> = {}
  /** Runs during a transfer. */
  during: () => Promise<unknown> = async () => undefined
  zone = fleetZone(ZONE, { primaries: ['hm1', 'hm2', 'hm3'].map((id, i) => fleetPrimary(id, `192.0.2.${101 + i}`)) })
  comparer: PrimaryComparer

  constructor(folder: string, compare = { enabled: true, everyMs: 0 }) {
    this.stored = openZone(join(folder, 'zone'))
    const client = { transfer: (server: Remote, wish: TransferWish) => this.#transfer(server, wish) } as TransferClient
    const log = {
      ...silentLogger,
      info: (_: unknown, text: string) => this.logged.push(`info ${text}`),
      warn: (_: unknown, text: string) => this.logged.push(`warn ${text}`),
      error: (_: unknown, text: string) => this.logged.push(`error ${text}`),
    } as unknown as typeof silentLogger
    const querier = {
      ask: async ({ id }: Remote): Promise<SmallMessage> => {
        this.asked.push(`${id} apex`)
        const given = this.answers[`${id} apex`]
        if (!Array.isArray(given)) throw new Error('timed out')
        return { answer: given.map((line) => record(line)) } as unknown as SmallMessage
      },
    }
    const clock = { now: () => this.now }
    this.comparer = new PrimaryComparer({ client, querier, limits: LIMITS, board: this.board, clock, log, compare })
  }

  async #transfer({ id }: Remote, wish: TransferWish): Promise<Transferred> {
    const question = `${id} ${wish.held ? 'ixfr' : 'axfr'}`
    this.asked.push(question)
    await this.during()
    const given = this.answers[question] ?? new Error('connection refused')
    if (given === 'silence') return await new Promise(() => undefined)
    if (given instanceof Error) throw given
    const current = wish.held?.serial
    const { outcome, contents } = receive({ messages: [given.join('\n')], ...(current === undefined ? {} : { current }) })
    const draft = contents && wish.startDraft(contents)
    return { outcome: outcome!, draft, messages: 1, records: 1, octets: 1, outside: 0, tookMs: 1 }
  }

  primary(id: string) {
    return this.zone.primaries.find((each) => each.id === id)!
  }

  /** Puts the primary's serial on the board. */
  serves(id: string, serial: number | undefined, more: Partial<PrimaryCell> = {}): void {
    const cell = {
      at: ++this.now,
      serial,
      checkedAt: this.now,
      since: 1,
      error: undefined,
      failures: 0,
      expireSeconds: undefined,
    }
    this.board.set('primaries', pairKey(ZONE, id), { ...cell, ...more })
  }

  /** A version from hm1; `sources` beside hm1 at time 1. */
  async commit(records: readonly string[], sources: Record<string, number> = { hm1: 1 }, from = 'hm1'): Promise<Version> {
    const contents = contentsOf(ZONE, records.join('\n'))
    return await this.stored.commitFull(this.stored.draft(contents), this.stored.latest, async () => ({
      seenAt: 1,
      committedAt: 2,
      from,
      sources,
      releasedAt: 3,
    }))
  }

  /** A version from hm1, after the work that is queued for the store. */
  async commitAfter<T>(records: readonly string[], work: () => Promise<T>): Promise<T> {
    const draft = this.stored.draft(contentsOf(ZONE, records.join('\n')))
    let done: T
    await this.stored.commitFull(draft, this.stored.latest, async () => {
      done = await work()
      return { seenAt: 1, committedAt: 2, from: 'hm1', sources: { hm1: 1 }, releasedAt: 3 }
    })
    return done!
  }

  /** Compares one primary; returns the queries. */
  async check(id: string): Promise<string[]> {
    this.asked = []
    // A primary is compared at a limited pace.
    this.now += 6_000
    await this.comparer.check(this.zone, this.stored, this.primary(id), IN_TURN)
    return this.asked
  }

  get conflicting(): string[] {
    return this.stored.conflicting.list.map(({ from, serial }) => `${from} ${serial}`)
  }

  get conflict(): string | undefined {
    return this.board.get('zones', ZONE)?.conflict
  }
}

/** The turn of the zone is free. */
export const IN_TURN: InTurn = (_zone, work) => work()

/** An AXFR, an IXFR, and an answer without a change. */
export const whole = (records: readonly string[]): string[] => [...records, records[0]!]
export const change = (from: number, to: number, removed: readonly string[], added: readonly string[]): string[] => [
  soa(to),
  soa(from),
  ...removed,
  soa(to),
  ...added,
  soa(to),
]

/** Serial 1 and 2 from hm1; hm2 is known to have served 1. */
export async function twoVersions(folder: string, compare?: { enabled: boolean; everyMs: number }): Promise<CompareScene> {
  const scene = new CompareScene(folder, compare)
  await scene.commit(lines(1, A), { hm1: 1, hm2: 1 })
  await scene.commit(lines(2, B))
  scene.serves('hm1', 2)
  scene.serves('hm2', 2)
  return scene
}
