/**
 * The complete schemas of all values and messages in Redis. A value that does not match was written by no hub: it is counted,
 * logged and ignored, and reaches no reader.
 */
import { z } from 'zod'
import { CHECK_NAMES } from '../checks/verdicts.js'
import { ROLLOUT_STATES } from '../rollout/rollout-states.js'
import { fitting } from '../runtime/fitting.js'
import type { SignalName, Signals } from './signals.js'
import type { TableName, Tables } from './tables.js'

/** The longest text that a hub writes: the findings of all checks of a version. */
const MAX_TEXT = 1 << 18
/** More than any installation has nodes, stages or versions. */
const MAX_LIST = 10_000

const text = z.string().max(MAX_TEXT)
const name = z.string().max(1_100)
/** One text for each zone on each node, so longer text is cut. */
const sentence = text.transform((all) => all.slice(0, 2_000))
/** Milliseconds since 1970 that make a date (ECMA-262 §21.4.1.1). */
const time = z.number().min(-8.64e15).max(8.64e15)
/** Time of a value: a later write must still find a larger number. */
const at = z.number().min(-8e15).max(8e15)
const serial = z.int().min(0).max(0xffffffff)
const count = z.int().min(0)
const list = <T extends z.ZodType>(of: T) => z.array(of).max(MAX_LIST)

const verdict = z.enum(['pass', 'warn', 'hold'])
const mark = { serial, digest: name, releasedAt: time, torn: z.literal(true).optional() }
const report = z.object({ check: z.enum(CHECK_NAMES), verdict, report: text })
const rollout = z.object({
  id: name,
  serial,
  digest: name,
  state: z.enum(ROLLOUT_STATES),
  stage: name.optional(),
  since: time,
  reason: text.optional(),
  verdict: verdict.optional(),
  findings: list(report),
})
const trail = z.object({
  serial,
  seenAt: time,
  seenAtPrimary: name,
  transferStartedAt: time,
  transferTookMs: z.number(),
  kind: z.enum(['axfr', 'ixfr']),
  records: count,
  committedAt: time,
  releasedAt: time,
})
const push = z.object({
  target: serial,
  startedAt: time,
  notifySentAt: time.optional(),
  notifiesSent: count,
  notifyAnsweredAt: time.optional(),
  notifyError: text.optional(),
  takenAt: time.optional(),
  takenBy: z.enum(['axfr', 'ixfr']).optional(),
  confirmedAt: time.optional(),
})
const said = { at: time, by: name, reason: text }
const decision = z.object({
  ...said,
  kind: z.enum(['approve', 'agree', 'reject', 'rollback', 'withdraw', 'hurry']),
  serial,
  digest: name,
  person: name.optional(),
  hub: name.optional(),
  fast: z.literal(true).optional(),
  primary: name.optional(),
  newSerial: serial.optional(),
  to: z.object({ serial, digest: name }).optional(),
})
const stop = z.object({ kind: z.enum(['halted', 'held']), stage: count, why: text, by: name, decided: time })

const CELLS: { [T in TableName]: z.ZodType } = {
  zones: z.object({
    at,
    released: z.object({ ...mark, records: count, octets: count, signedUntil: count.optional() }).optional(),
    releases: list(z.object(mark)),
    staged: list(z.object({ ...mark, nodes: list(name), times: list(time).optional() })),
    newest: serial.optional(),
    rollouts: list(rollout),
    trail: trail.optional(),
    refreshedAt: time,
    expireSeconds: z.number(),
    leastSeconds: z.number().optional(),
    error: text.optional(),
    errorAt: time.optional(),
    failures: count,
    conflict: text.optional(),
    conflicting: list(name).optional(),
  }),
  primaries: z.object({
    at,
    serial: serial.optional(),
    highest: serial.optional(),
    checkedAt: time,
    since: time,
    soa: name.optional(),
    brokenAt: time.optional(),
    error: text.optional(),
    failures: count,
    expireSeconds: z.number().optional(),
  }),
  nodes: z.object({
    at,
    serial: serial.optional(),
    since: time,
    observedAt: time.optional(),
    missed: count,
    error: sentence.optional(),
    taken: z.object({ serial, digest: name, at: time }).optional(),
    strayAt: time.optional(),
    elsewhereAt: time.optional(),
    unprovedAt: time.optional(),
    proved: z.object({ serial, digest: name, of: time.optional() }).optional(),
    disproved: z.object({ serial, digest: name, of: time.optional(), why: sentence }).optional(),
    lostAt: time.optional(),
    refused: z.object({ at: time, why: sentence }).optional(),
    push: push.optional(),
  }),
  contacts: z.object({ at, silentSince: time.optional(), missed: count, error: sentence.optional(), sweptAt: time.optional() }),
  contents: z.object({ at, known: z.array(z.object({ serial, digest: name })).max(64) }),
  drains: z.object({ at, drained: z.boolean(), by: name, reason: text.optional() }),
  paths: z.object({
    at,
    inUse: name,
    since: time,
    silent: z.record(name, z.object({ error: text, since: time })),
  }),
  hubs: z.object({ at, startedAt: time, version: name, config: name }),
  catalogs: z.object({
    at,
    serial: serial.optional(),
    members: count,
    leaving: count,
    error: text.optional(),
    findings: list(text),
  }),
  forces: z.object({
    at,
    serial,
    digest: name,
    outcome: z.enum(['running', 'confirmed', 'failed']),
    by: name,
    error: sentence.optional(),
    needsOperator: z.literal(true).optional(),
    isLast: z.literal(true).optional(),
  }),
  verdicts: z.object({
    at,
    serial,
    digest: name,
    how: z.enum(['axfr', 'sample']),
    verdict: z.enum(['same', 'differs', 'cannot']),
    missing: count,
    extra: count,
    examples: z.array(sentence).max(20),
    why: sentence.optional(),
    standing: z.object({ serial, digest: name, at: time, why: sentence }).optional(),
  }),
  keyUses: z.object({ at, usedAt: time }),
  callers: z.object({ at, usedAt: time, from: name }),
  stages: z.object({ at, id: name, serial, plan: name, through: count, by: name, stopped: stop.optional() }),
  orders: z.object({ at, hold: z.object(said).optional(), released: z.object(said).optional(), decisions: list(decision) }),
}

/** The value as a cell of the table; undefined when it does not match. */
export function readCell<T extends TableName>(table: T, value: unknown): Tables[T] | undefined {
  return fitting(CELLS[table], value) as Tables[T] | undefined
}

const SIGNALS: { [S in SignalName]?: z.ZodType } = {
  notify: z.object({ zone: name, primary: name, serial: serial.optional(), at: time }),
  committed: z.object({ zone: name, serial, at: time }),
  taken: z.object({ zone: name, nodes: list(name), serial, digest: name.optional(), kind: z.enum(['axfr', 'ixfr']), at: time }),
  refused: z.object({ zone: name, nodes: list(name), why: text, at: time }),
}

/** The payload of a signal between processes; undefined when it does not match. */
export function readSignal<S extends SignalName>(signal: S, payload: unknown): Signals[S] | undefined {
  // Any client of Redis may choose the name: `constructor` is not a signal.
  const schema = Object.hasOwn(SIGNALS, signal) ? SIGNALS[signal] : undefined
  return schema && (fitting(schema, payload) as Signals[S] | undefined)
}

const SEALED = z.object({ at, value: z.string().max(MAX_TEXT * 2), by: name, mac: name.optional(), own: name })

export const readSealed = (value: unknown): z.infer<typeof SEALED> | undefined => fitting(SEALED, value)

const PACKET = z.object({
  from: name,
  hub: name,
  hello: z.literal(true).optional(),
  changes: z.array(z.object({ table: name, key: name, value: z.unknown() })).optional(),
  signal: z.object({ name, payload: z.unknown() }).optional(),
})

/** A message on the hubs' channel; undefined when it does not match. */
export const readPacket = (value: unknown): z.infer<typeof PACKET> | undefined => fitting(PACKET, value)
