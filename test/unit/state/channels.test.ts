/** The channel of Redis on which each value and signal goes: a process listens to those of its shards. */
import { expect } from 'chai'
import { SHARDS, shardOf } from '../../../lib/fleet/shards.js'
import { byChannel, channelOf, channelsOf, COMMON_CHANNEL, isOfChanges } from '../../../lib/state/channels.js'
import { TABLE_NAMES } from '../../../lib/state/tables.js'

const ZONE = 'a.example.'
const ITS = channelOf(ZONE)

describe('the channel of a value', () => {
  it('is that of the shard of its zone, and one channel for all values without a zone', () => {
    const values = TABLE_NAMES.map((table) => ({
      table,
      key: ['primaries', 'nodes', 'verdicts', 'forces'].includes(table) ? `${ZONE} ams1` : ZONE,
    }))
    const tables = new Map([...byChannel(values)].map(([channel, some]) => [channel, some.map(({ table }) => table)]))
    expect(Object.fromEntries(tables)).to.deep.equal({
      [ITS]: ['zones', 'primaries', 'nodes', 'contents', 'stages', 'orders', 'forces', 'verdicts'],
      [COMMON_CHANNEL]: ['contacts', 'drains', 'paths', 'hubs', 'catalogs', 'keyUses', 'callers'],
    })
  })

  it('is among the channels of a process that has its shard, and not among those of another', () => {
    const shard = shardOf(ZONE)
    expect(channelsOf([shard])).to.deep.equal([ITS])
    expect(channelsOf([(shard + 1) % SHARDS])).not.to.include(ITS)
    expect(new Set(channelsOf(undefined)).size).to.equal(SHARDS)
  })

  it('differs from every other channel', () => {
    expect([COMMON_CHANNEL, ITS, 'zonecast:pages', 'zonecast:changesx'].map(isOfChanges)).to.deep.equal([
      true,
      true,
      false,
      false,
    ])
  })
})
