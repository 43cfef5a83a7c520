/** The settings of a node, and of a local cluster: several servers in one site behind the same service addresses. */
import { z } from 'zod'
import { controlSchema } from './control-schema.js'
import { keyList, keyName } from './peers-schema.js'
import { address, listOf, recordOf, section, text } from './setting-types.js'
import { nodeTlsSchema } from './tls-schema.js'
import { nodeVerifySchema } from './verify-schema.js'

export const NODE_KINDS = ['nsd', 'bind', 'knot', 'powerdns'] as const

/** Settings that the members of a cluster may have in common. */
const shared = {
  key: keyName().optional().describe('TSIG key between the hub and the node.'),
  keys: keyList(),
  tls: nodeTlsSchema
    .optional()
    .describe('The node must query over TLS, with a certificate that has this name or pin; in the clear it gets nothing.'),
  transits: listOf(text('write a name such as AS174'), 'transits')
    .default([])
    .describe('Large upstream networks of the node: two that every node of the cloud has.'),
  kind: z
    .enum(NODE_KINDS, { error: `write one of ${NODE_KINDS.join(', ')}` })
    .optional()
    .describe(
      'The make of its name server: nsd, bind, knot or powerdns; its control channel, its commands, and findings about that make.',
    ),
  verify: nodeVerifySchema.optional(),
}

/** Settings of one server. */
const own = {
  address: address(53).optional().describe('Unicast control address of the node.'),
  paths: listOf(address(53), 'control addresses')
    .optional()
    .describe('Control addresses in order of preference; includes address when both are given.'),
  identity: text('write the name that the server shows')
    .max(200, { error: 'write at most 200 characters' })
    .regex(/^[\x21-\x7e]+$/, { error: 'write letters, digits and signs without blanks' })
    .optional()
    .describe('Name that the server shows of itself: NSID (RFC 5001), id.server and hostname.bind; default: any.'),
  control: controlSchema.optional().describe('Control channel of its name server, by which the hub forces transfers.'),
}

export const nodeSchema = section({
  cloud: text('write the name of a cloud').describe('The cloud of the node.'),
  site: text('write a name').optional().describe('Site of the node; a site of the topology if one is configured.'),
  ...own,
  ...shared,
  members: recordOf(section({ ...own, ...shared }), 'members')
    .optional()
    .describe(
      'Makes this a local cluster: its servers by name, behind the same service addresses in one site. Each is a node of its own; the cluster counts as one for stages and budgets. Members have the key, keys, tls, transits, kind and verify of the cluster unless they have their own.',
    ),
})
