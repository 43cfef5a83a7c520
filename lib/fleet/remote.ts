/** A server that the hub exchanges messages with: a primary, a peer hub, or a node by one of its control addresses. */
import type { Endpoint } from '../dns/endpoint.js'
import type { TsigKey } from '../dns/tsig-record.js'

/** TLS with a server (RFC 9103): its proof, and the hub's own. Certificates and keys are PEM. */
export interface RemoteTls {
  /** Its certificate must have this name and be issued by `ca`; undefined: the pins alone count. */
  name: string | undefined
  /** Its public key must be one of these: SHA-256 of the SubjectPublicKeyInfo, base64 (RFC 7858 §4.2). Empty: any. */
  pins: readonly string[]
  /** Undefined: the public CAs. */
  ca: string | undefined
  /** The hub's own certificate and key, for a server that asks for them. */
  own: { cert: string; key: string } | undefined
}

/** The proof of a client when it connects. */
export type ClientProof = Pick<RemoteTls, 'name' | 'pins'>

export interface Remote {
  /** The primary, hub or node. */
  id: string
  address: Endpoint
  /** Signs messages to it; messages from it must be signed with it (RFC 8945). */
  key: TsigKey | undefined
  /** Keys that messages from it may be signed with too, while its key is replaced. */
  oldKeys?: readonly TsigKey[] | undefined
  /** All messages to it go over TLS. */
  tls?: RemoteTls | undefined
  /** Only NOTIFY goes over TLS, to this place. */
  notifyOver?: { address: Endpoint; tls: RemoteTls } | undefined
}

/** Every key that this peer may sign with, the newest first. */
export const keysOf = ({ key, oldKeys }: Pick<Remote, 'key' | 'oldKeys'>): readonly TsigKey[] =>
  key === undefined ? [] : oldKeys === undefined ? [key] : [key, ...oldKeys]

/** The peer may sign with this key. Compares secrets, not only names: two peers may use one key name. */
export const holdsKey = (peer: Pick<Remote, 'key' | 'oldKeys'>, used: TsigKey | undefined): boolean =>
  peer.key === undefined ? used === undefined : used !== undefined && keysOf(peer).some((key) => key.equals(used))

/** Queried without a key, as a resolver does. */
export const asResolver = ({ id, address }: Remote): Remote => ({ id, address, key: undefined })
