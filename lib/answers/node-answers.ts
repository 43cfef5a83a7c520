/** Answers about nodes: summaries, and one node with its zones. */
import { z } from 'zod'
import { moment, OldKeyAnswer, StateCounts } from './fields.js'
import { NodeZoneAnswer } from './zone-answers.js'

export const PathAnswer = z.object({
  address: z.string(),
  inUse: z.boolean(),
  error: z.string().nullable(),
  silentSince: moment,
})
export type PathAnswer = z.infer<typeof PathAnswer>

export const NodeSummaryAnswer = z
  .object({
    id: z.string(),
    cloud: z.string(),
    cluster: z.string().nullable().describe('The local cluster that it is a member of'),
    site: z.string().nullable(),
    kind: z.string().nullable().describe('Make of the name server, as configured'),
    identity: z.string().nullable().describe('Name that the server shows of itself, as configured'),
    address: z.string(),
    paths: z.array(PathAnswer).describe('Control addresses in order of preference, with the one in use'),
    oldKeys: z.array(OldKeyAnswer).describe('Keys accepted besides the one that signs, with their last use'),
    drained: z.boolean(),
    drainedBy: z.string().nullable(),
    drainReason: z.string().nullable(),
    states: StateCounts,
    lagSeconds: z.number(),
    observedAt: moment,
    inSync: z.int(),
    total: z.int(),
  })
  .meta({ id: 'NodeSummary' })
export type NodeSummaryAnswer = z.infer<typeof NodeSummaryAnswer>

export const NodesAnswer = z.object({ nodes: z.array(NodeSummaryAnswer) })
export type NodesAnswer = z.infer<typeof NodesAnswer>

const capability = z.boolean().nullable()
export const CapabilitiesAnswer = z
  .object({
    ixfr: capability.describe('The node transferred a difference; null: none was seen'),
    expire: capability.describe('EDNS EXPIRE (RFC 7314) in its answer'),
    nsid: capability.describe('NSID (RFC 5001) in its answer'),
    zoneversion: capability.describe('ZONEVERSION (RFC 9660) in its answer'),
    catalog: capability.describe('Consumes catalogs (RFC 9432), by make and version'),
    xot: capability.describe('Transfers zones over TLS (RFC 9103), by make and version'),
  })
  .meta({ id: 'Capabilities' })
export type CapabilitiesAnswer = z.infer<typeof CapabilitiesAnswer>

export const NodeServerAnswer = z
  .object({
    make: z.string().nullable(),
    channel: z.string().nullable().describe('The control channel'),
    version: z.string().nullable(),
    zones: z.int().nullable().describe('Zones that the server has, where it reports them'),
    identity: z.string().nullable().describe('Its NSID, as it answered'),
    checkedAt: moment,
    error: z.string().nullable().describe('Why the control channel has no answer'),
    capabilities: CapabilitiesAnswer,
  })
  .meta({ id: 'NodeServer' })
export type NodeServerAnswer = z.infer<typeof NodeServerAnswer>

export const NodeAnswer = NodeSummaryAnswer.extend({
  server: NodeServerAnswer.describe('The name server as it reports itself; at most a minute old'),
  zones: z.record(z.string(), NodeZoneAnswer),
}).meta({ id: 'Node' })
export type NodeAnswer = z.infer<typeof NodeAnswer>

export const DrainAnswer = z.object({ node: z.string(), drained: z.boolean() })
export type DrainAnswer = z.infer<typeof DrainAnswer>
