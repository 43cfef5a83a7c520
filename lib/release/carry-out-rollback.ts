/**
 * Carries out a rollback: commits the content of a kept version as a new version under a higher serial, which is rolled out like
 * any other.
 */
import type { Soa } from '../dns/message.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import { ROLLED_BACK } from '../refresh/source-doubt.js'
import type { Decision } from '../rollout/record.js'
import type { Clock } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { ZoneContents } from '../zone/zone-contents.js'
import type { ReleaseDecider } from './release-decider.js'

const RECORDS_PER_SLICE = 2_000
/** Octets from the serial to the end of a SOA record: serial, REFRESH, RETRY, EXPIRE, MINIMUM (RFC 1035 §3.3.13). */
const SERIAL_FROM_END = 20

/** The rollback order that must still be carried out; an order that a newer version overtook is void. */
export function dueRollback(stored: StoredZone, decisions: readonly Decision[]): Decision | undefined {
  const last = decisions.findLast(({ kind }) => kind === 'rollback')
  const { latest } = stored
  if (!last?.to || last.newSerial === undefined || !latest || !stored.find(last.to.serial as Serial, last.to.digest))
    return undefined
  // An order that a newer version overtook, or that was carried out long ago, is not due.
  const isOvertaken = latest.committedAt > last.at || compareSerials(last.newSerial as Serial, latest.serial) !== 'newer'
  return isOvertaken ? undefined : last
}

export async function rollBack(
  zone: FleetZone,
  stored: StoredZone,
  decision: Decision,
  decider: ReleaseDecider,
  clock: Clock,
): Promise<Version> {
  const replacing = stored.latest
  const old = stored.find(decision.to!.serial as Serial, decision.to!.digest)!
  const contents = await copyUnder(zone.apex, await stored.contentsOf(old), decision.newSerial! as Serial)
  const draft = stored.draft(contents)
  try {
    return await stored.commitFull(draft, replacing, async (proposed, change, written) => ({
      seenAt: decision.at,
      committedAt: clock.now(),
      from: ROLLED_BACK,
      sources: {},
      ...(await decider.decide(zone, stored, proposed, change, {
        expired: false,
        approvedBy: decision,
        objection: undefined,
        written,
      })),
    }))
  } catch (error) {
    await draft.discard()
    throw error
  }
}

async function copyUnder(apex: Buffer, old: ZoneContents, serial: Serial): Promise<ZoneContents> {
  const copy = new ZoneContents(apex)
  const soa = withSerial(old.soa, serial)
  copy.add(soa, 0)
  const view = old.view()
  try {
    for (let at: number | undefined = 0; at !== undefined; ) {
      at = view.walk(at, RECORDS_PER_SLICE, (data, start) => copy.add(data, start))
      await pause()
    }
  } finally {
    view.release()
  }
  return copy
}

function withSerial({ stored }: Soa, serial: Serial): Buffer {
  const soa = Buffer.from(stored)
  soa.writeUInt32BE(serial, soa.length - SERIAL_FROM_END)
  return soa
}
