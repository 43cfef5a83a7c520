/** Zones with a history of small versions: each adds one host to the one before. */
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { changes, type Wish, type ZoneModel } from './arbitrary-zone.js'
import { commitChain, commitWhole, openZone } from './kept-zone.js'
import { record } from './record-lines.js'

export const host = (n: number): Buffer => record(`h${n}.example. 60 A 192.0.2.${n}`)
export const model = (serial: number, ...hosts: number[]): ZoneModel => ({
  serial,
  records: new Map(hosts.map((n) => [`h${n}.example. A 192.0.2.${n}`, host(n)])),
})
export const add = (n: number): Wish => ({ step: 1, remove: [], add: [host(n)] })

/** Versions 1 to `count`, the first complete, the others by a difference each. */
export async function withHistory(folder: string, count: number): Promise<{ zone: StoredZone; models: ZoneModel[] }> {
  const zone = openZone(folder)
  const { chain, models } = changes(
    model(1, 1),
    Array.from({ length: count - 1 }, (_, i) => add(i + 2)),
  )
  await commitWhole(zone, models[0]!, 1)
  for (const difference of chain) await commitChain(zone, [difference], 1)
  return { zone, models }
}

export const serials = (zone: StoredZone): number[] => zone.versions.map(({ serial }) => serial)
