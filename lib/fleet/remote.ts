/** A server that the hub exchanges messages with: a primary, a peer hub, or a node by one of its control addresses. */
import type { Endpoint } from '../dns/endpoint.js'
import type { TsigKey } from '../dns/tsig-record.js'

export interface Remote {
  /** The primary, hub or node. */
  id: string
  address: Endpoint
  /** Signs messages to it; messages from it must be signed with it (RFC 8945). */
  key: TsigKey | undefined
}

/** Queried without a key, as a resolver does. */
export const asResolver = ({ id, address }: Remote): Remote => ({ id, address, key: undefined })
