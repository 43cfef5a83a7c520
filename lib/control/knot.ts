/**
 * Knot's control socket (knotc(8)): local, or forwarded from the node. One connection for each command, because Knot before 3.5 serves
 * one at a time. The flag B waits for the end of the work and reports its failure.
 */
import type { ZoneName } from '../dns/name.js'
import type { KnotControlSettings } from '../fleet/control-settings.js'
import { sleep } from '../runtime/clock.js'
import { StreamClient } from '../transport/stream-client.js'
import { StreamError } from '../transport/stream-errors.js'
import {
  type ControlResult,
  DONE,
  done,
  FailureWriter,
  type ForceOutcome,
  type NewZone,
  type NodeControl,
  ok,
  type ServerStatus,
  type ZoneStatus,
} from './control.js'
import { encodeKnot, KNOT_END, KnotReader, type KnotUnit } from './knot-codec.js'
import { type ControlWays, streamFailure } from './stream-failure.js'
import { wordOf } from './zone-words.js'

/** Waits for the end of the work. */
const BLOCKING = 'B'
/** The operator's "yes": without it, destructive commands are refused. */
const FORCED = 'F'
/** A transaction of another program is waited for so long. */
const TRANSACTION_MS = 3_000

export class KnotControl implements NodeControl {
  readonly make = 'knot'
  readonly channel: string
  readonly #settings: KnotControlSettings
  readonly #ways: ControlWays
  readonly #failures: FailureWriter

  constructor(node: string, settings: KnotControlSettings, ways: ControlWays) {
    this.channel = `knot control at ${settings.path}`
    this.#settings = settings
    this.#ways = ways
    this.#failures = new FailureWriter(node, this.channel)
  }

  async status(): Promise<ControlResult<ServerStatus>> {
    const answer = await this.#command({ cmd: 'status', type: 'version' })
    if (answer.kind !== 'ok') return answer
    const version = /\d+\.\d+\S*/.exec(answer.value.map(({ data }) => data ?? '').join(' '))?.[0]
    if (version === undefined)
      return this.#failures.protocol('its status has no version', 'check that control.knot is the control socket of knotd')
    const stats = await this.#command({ cmd: 'stats', section: 'server', item: 'zone-count' })
    const count = stats.kind === 'ok' ? Number(stats.value.find(({ item }) => item === 'zone-count')?.data) : Number.NaN
    return ok({ version, zones: Number.isSafeInteger(count) ? count : undefined, details: {} })
  }

  async zoneStatus(zone: ZoneName): Promise<ControlResult<ZoneStatus>> {
    const answer = await this.#command({ cmd: 'zone-status', zone })
    if (answer.kind === 'refused' && isNoZone(answer.words))
      return ok({ isConfigured: false, serial: undefined, state: undefined, details: {} })
    if (answer.kind !== 'ok') return answer
    const details: Record<string, string> = {}
    for (const { type, data } of answer.value) if (type !== undefined && data !== undefined) details[type] = data
    const { serial } = details
    const isSerial = serial !== undefined && /^\d{1,10}$/.test(serial)
    return ok({ isConfigured: true, serial: isSerial ? Number(serial) : undefined, state: details.role, details })
  }

  /** A transfer that takes longer than an answer may goes on: then the order was accepted, and its end is not known. */
  async forceTransfer(zone: ZoneName): Promise<ControlResult<ForceOutcome>> {
    const answer = await this.#command({ cmd: 'zone-retransfer', flags: BLOCKING, zone }, true)
    return answer.kind === 'ok' ? ok({ hasEnded: answer.value !== LATE }) : answer
  }

  async refresh(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.#command({ cmd: 'zone-refresh', zone }))
  }

  async purge(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.#command({ cmd: 'zone-purge', flags: BLOCKING + FORCED, zone }, true))
  }

  async addZone({ name, template }: NewZone): Promise<ControlResult<undefined>> {
    if (template !== undefined && wordOf(template) === undefined)
      return this.#failures.unsupported('the name of the template has unusual characters', 'rename it')
    return await this.#changeConfig([
      { cmd: 'conf-set', section: 'zone', item: 'domain', data: name },
      ...(template === undefined ? [] : [{ cmd: 'conf-set', section: 'zone', id: name, item: 'template', data: template }]),
    ])
  }

  async removeZone(zone: ZoneName): Promise<ControlResult<undefined>> {
    // The journal and timers of a zone outlast its removal.
    const purged = await this.purge(zone)
    if (purged.kind === 'refused' && isNoZone(purged.words)) return DONE
    if (purged.kind !== 'ok') return purged
    const removed = await this.#changeConfig([{ cmd: 'conf-unset', section: 'zone', item: 'domain', data: zone }])
    return removed.kind === 'refused' && /invalid identifier|not exist/.test(removed.words) ? DONE : removed
  }

  async reload(): Promise<ControlResult<undefined>> {
    return done(await this.#command({ cmd: 'reload', flags: BLOCKING }, true))
  }

  /** A transaction of the configuration database, which is aborted when one of its commands fails. Knot 3.5 binds it to its connection. */
  async #changeConfig(commands: readonly KnotUnit[]): Promise<ControlResult<undefined>> {
    const until = performance.now() + TRANSACTION_MS
    for (;;) {
      const isLate = performance.now() > until
      const result = await this.#onConnection(async (run) => {
        // Left by a hub that ended inside it: no program needs so long.
        if (isLate) await run({ cmd: 'conf-abort' })
        const begun = await run({ cmd: 'conf-begin' })
        if (begun.kind !== 'ok') return begun
        for (const command of [...commands, { cmd: 'conf-commit' }]) {
          const answer = await run(command)
          if (answer.kind === 'ok') continue
          await run({ cmd: 'conf-abort' })
          return answer
        }
        return begun
      })
      const isTaken = result.kind === 'refused' && /too many transactions|thread mismatch/.test(result.words)
      if (!isTaken || isLate) return done(result)
      await sleep(TRANSACTION_MS / 10)
    }
  }

  #command(fields: KnotUnit, mayBeLate = false): Promise<ControlResult<readonly KnotUnit[]>> {
    return this.#onConnection((run) => run(fields), mayBeLate)
  }

  /** `mayBeLate`: an answer that does not come in time is LATE, not a failure. */
  async #onConnection(
    work: (run: (fields: KnotUnit) => Promise<ControlResult<readonly KnotUnit[]>>) => Promise<ControlResult<readonly KnotUnit[]>>,
    mayBeLate = false,
  ): Promise<ControlResult<readonly KnotUnit[]>> {
    let client: StreamClient | undefined
    try {
      const opened = await StreamClient.open({ kind: 'unix', path: this.#settings.path }, [], this.#ways.limits)
      client = opened
      return await work(async (fields) => {
        const reader = new KnotReader()
        await opened.exchange(encodeKnot(fields), reader)
        const error = reader.units.find((unit) => unit.error !== undefined)?.error
        return error === undefined ? ok(reader.units) : this.#failures.refused(error, adviceFor(error))
      })
    } catch (error) {
      const isSilent = error instanceof StreamError && error.code === 'STREAM_SILENT'
      if (isSilent && mayBeLate) return ok(LATE)
      return streamFailure(this.#failures, error, {
        reach: isSilent
          ? 'another control session may be open on the node, or the command is unknown to this version of Knot'
          : 'check that knotd runs, that the socket is forwarded, and that the hub may write to it',
        prove: 'check that control.knot is the control socket of knotd',
        closed: 'knotd may be restarting: try again',
      })
    } finally {
      client?.close(KNOT_END)
    }
  }
}

/** The answer did not come in time. */
const LATE: readonly KnotUnit[] = []

const isNoZone = (words: string): boolean => /no such zone/.test(words)

function adviceFor(error: string): string {
  if (isNoZone(error)) return 'add the zone to the server, or remove it from the clouds of this node'
  if (error.includes('no usable master'))
    return 'the node cannot transfer the zone from its primaries: see its log, and zonecast why'
  if (error.includes('not supported') || error.includes('operation not permitted'))
    return 'zones are added to a configuration database only: run knotd -C'
  return "see the node's log"
}
