/**
 * Channels of Redis between processes: one for each shard of the zones, and one for everything else. A worker process that shares
 * the zones of a hub listens to the channels of its own shards, so that it does not parse the messages about other zones.
 */
import { SHARDS, shardOf } from '../fleet/shards.js'
import { splitPair, type TableName } from './tables.js'

/** Messages about no zone. Every process listens to it. */
export const COMMON_CHANNEL = 'zonecast:changes'

const ofShard = (shard: number): string => `${COMMON_CHANNEL}:${shard}`
const ALL = Array.from({ length: SHARDS }, (_, shard) => ofShard(shard))

export const channelOf = (zone: string | undefined): string => (zone === undefined ? COMMON_CHANNEL : ALL[shardOf(zone)]!)

/** `shards`: undefined for all. */
export const channelsOf = (shards: readonly number[] | undefined): string[] => shards?.map(ofShard) ?? ALL

const OF_ZONE: ReadonlySet<TableName> = new Set(['zones', 'contents', 'stages', 'orders'])
const OF_PAIR: ReadonlySet<TableName> = new Set(['primaries', 'nodes', 'verdicts', 'forces'])

function channelOfCell({ table, key }: { table: TableName; key: string }): string {
  return channelOf(OF_ZONE.has(table) ? key : OF_PAIR.has(table) ? splitPair(key)[0] : undefined)
}

/** The values by the channel on which they are published. */
export function byChannel<T extends { table: TableName; key: string }>(values: readonly T[]): Map<string, T[]> {
  const parts = new Map<string, T[]>()
  for (const value of values) {
    const channel = channelOfCell(value)
    const part = parts.get(channel)
    if (part === undefined) parts.set(channel, [value])
    else part.push(value)
  }
  return parts
}

export const isOfChanges = (channel: string): boolean => channel === COMMON_CHANNEL || channel.startsWith(`${COMMON_CHANNEL}:`)
