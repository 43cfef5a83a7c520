/** A zone that is refreshed from primaries whose answers come from a list. */
import { join } from 'node:path'
import { expect } from 'chai'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { Soa } from '../../lib/dns/message.js'
import { parseZoneName } from '../../lib/dns/name.js'
import type { Remote } from '../../lib/fleet/remote.js'
import { type RefreshOutcome, refreshZone } from '../../lib/refresh/refresh-zone.js'
import type { RefreshWish } from '../../lib/refresh/refresh-wish.js'
import { sourceDoubt } from '../../lib/refresh/source-doubt.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { StoredZone } from '../../lib/store/stored-zone.js'
import type { TransferClient, Transferred, TransferWish } from '../../lib/transfer/transfer-client.js'
import { refused } from '../../lib/transport/errors.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import type { MergedZone } from '../../lib/zone/zone-merge.js'
import { APEX, LIMITS, receive, type ScriptedMessage, ZONE } from './transfer-script.js'

export const NS = 'example. 60 NS ns1.example.'
export const A = 'a.example. 60 A 192.0.2.1'
export const B = 'b.example. 60 A 192.0.2.2'
export const V1 = `S1\n${NS}\n${A}\nS1`
export const V2 = `S2\n${NS}\n${B}\nS2`
export const FROM_1_TO_2 = `S2\nS1\n${A}\nS2\n${B}\nS2`
export const REFUSED: ScriptedMessage = { flags: 0x8005 }

/** The answers of primaries, by query: `hm1 axfr` and so on. Any other query fails. */
type Answers = Record<string, ScriptedMessage>

const primary = (id: string, port: number): Primary => ({ id, address: { ip: '192.0.2.1', port }, key: undefined })
export const PRIMARIES = [primary('hm1', 1), primary('hm2', 2)]

/** As the transfer client does; records of the contents are in canonical order. */
async function merge(transfer: TransferWish, soa: Soa, contents: ZoneContents): Promise<MergedZone | undefined> {
  const merge = transfer.startMerge?.(soa)
  if (merge === undefined) return undefined
  const { data } = contents.stretch(0)
  expect(merge.take(data, 0, data.length)).to.equal(true)
  return await merge.finish(async () => undefined)
}

export class RefreshAnswers {
  mergeFrom = Number.POSITIVE_INFINITY
  /** Records that a merge reports without having them. */
  more = 0
  readonly stored: StoredZone
  readonly directory: string
  asked: string[] = []
  /** The serial on the board. */
  cells: Record<string, { brokenAt: number }> = {}
  readonly misfits = new Set<string>()

  constructor(directory: string) {
    this.directory = join(directory, 'zone')
    this.stored = new StoredZone(parseZoneName(ZONE), APEX, this.directory)
  }

  async refresh(answers: Answers, wish: Partial<RefreshWish> = {}): Promise<RefreshOutcome> {
    this.asked = []
    const client = {
      transfer: async ({ address }: Remote, transfer: TransferWish): Promise<Transferred> => {
        const id = PRIMARIES[address.port - 1]!.id
        const question = `${id} ${transfer.held ? 'ixfr' : 'axfr'}`
        this.asked.push(question)
        const answer = answers[question]
        if (answer === undefined) throw refused(address, { code: 'ECONNREFUSED' })
        const current = transfer.held?.serial
        const { inbound, outcome, contents } = receive({ messages: [answer], ...(current === undefined ? {} : { current }) })
        if (!outcome) throw inbound.end()
        const merged = outcome.kind === 'full' ? await merge(transfer, outcome.soa, contents!) : undefined
        if (merged) merged.records += this.more
        const draft = merged ? undefined : contents && transfer.startDraft(contents)
        return { outcome, draft, merged, messages: 1, records: inbound.records, octets: 1, outside: 0, tookMs: 1 }
      },
    } as unknown as TransferClient
    const zone = { name: this.stored.name, apex: APEX, limits: {} } as FleetZone
    return await refreshZone(
      {
        zone,
        stored: this.stored,
        primaries: PRIMARIES,
        forceAxfr: false,
        doubt: ({ id }) =>
          this.misfit(id) ?? sourceDoubt(this.stored.latest!, this.stored.conflicting.list.length > 0, id, this.cells[id]),
        noteMisfit: ({ id }) => this.misfits.add(`${id} ${this.serial}`),
        announced: () => undefined,
        expired: false,
        limits: LIMITS,
        judge: async () => ({ releasedAt: 2 }),
        seenAt: 1,
        ...wish,
      },
      { client, clock: { now: () => 2 }, log: silentLogger, counts: { count: () => undefined }, mergeFromOctets: this.mergeFrom },
    )
  }

  misfit(id: string): 'misfit' | undefined {
    return this.misfits.has(`${id} ${this.serial}`) ? 'misfit' : undefined
  }

  get serial(): number | undefined {
    return this.stored.latest?.serial
  }
}
