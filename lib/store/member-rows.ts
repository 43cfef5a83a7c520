/** The members of catalogs as lines of JSON: on disk, and between the machines of a hub. */
import { z } from 'zod'
import type { Member } from '../catalog/membership.js'
import type { ZoneName } from '../dns/name.js'
import { fitting } from '../runtime/fitting.js'

export interface MemberRow {
  zone: ZoneName
  /** Undefined: no longer a member. */
  after: Member | undefined
}

/** Where members are kept: one process writes them, others follow. */
export interface MemberStore {
  /** Reads what is on disk. Throws StoreError STORE_IO. */
  load(): Promise<MemberRow[]>
  /** For a reader: the changes since the last read; `isWhole`: all members. */
  follow(): Promise<MemberNews>
  /** This process writes from now on; `members`: those that it knows. Returns the last changes of the writer before it. */
  begin(members: ReadonlyMap<ZoneName, Member>): Promise<MemberNews>
  /** Durable when it resolves. Throws StoreError STORE_IO, STORE_NOT_OWNED; then nothing may take effect. */
  append(rows: readonly MemberRow[]): Promise<void>
  /** For the writer, at intervals and at its start. Throws StoreError STORE_IO. */
  tend(members: ReadonlyMap<ZoneName, Member>): Promise<void>
  /** For a reader, after news: keeps a copy of the members. Throws StoreError STORE_IO. */
  keep?(members: ReadonlyMap<ZoneName, Member>): Promise<void>
  close(): Promise<void>
  /** Lines that could not be read, since the last complete read. */
  readonly unreadable: number
}

export interface MemberNews {
  rows: MemberRow[]
  isWhole: boolean
}

/** The process that writes, where several may do so one after another. */
export interface MemberFence {
  /** The number of this process as the owner. Throws StoreError STORE_NOT_OWNED. */
  epoch(): number
}

const name = z.string().max(1_100)
const LINE = z.object({
  z: name.optional(),
  c: name.optional(),
  i: name.optional(),
  g: z.string().optional(),
  o: name.optional(),
  s: z.number().optional(),
  l: z.number().optional(),
  e: z.int().min(0).optional(),
})

/** `epoch`: the number of the writer. */
export function lineOf({ zone, after }: MemberRow, epoch?: number): string {
  if (after === undefined) return JSON.stringify({ z: zone, e: epoch })
  const { catalog, id, group, coo, since, leftAt } = after
  return JSON.stringify({ z: zone, c: catalog, i: id, g: group, o: coo, s: since, l: leftAt, e: epoch })
}

/** A line without a row: no line of a writer with a smaller number counts after it. */
export const fenceLine = (epoch: number): string => JSON.stringify({ e: epoch })

/** Undefined for a text that is no line. */
export function readLine(text: string): { row: MemberRow | undefined; epoch: number | undefined } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const line = fitting(LINE, value) as z.infer<typeof LINE> | undefined
  if (line === undefined) return undefined
  const { z: zone, c, i, g, o, s, l, e: epoch } = line
  if (zone === undefined) return epoch === undefined ? undefined : { row: undefined, epoch }
  if (c === undefined) return { row: { zone: zone as ZoneName, after: undefined }, epoch }
  if (i === undefined || s === undefined) return undefined
  const after: Member = {
    zone: zone as ZoneName,
    catalog: c as ZoneName,
    id: i,
    group: g,
    coo: o as ZoneName | undefined,
    since: s,
    leftAt: l,
  }
  return { row: { zone: after.zone, after }, epoch }
}
