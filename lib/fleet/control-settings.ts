/** The control channel of a node: the make of its name server, the place, and the credentials. */
import type { Endpoint } from '../dns/endpoint.js'

/** Makes of name servers with a control channel that the hub can use. */
export const MAKES = ['nsd', 'bind', 'knot', 'powerdns'] as const
export type Make = (typeof MAKES)[number]

/** nsd-control over TLS: `ca` has the server's certificate, `cert` and `certKey` those of the client. PEM texts. */
export interface NsdControlSettings {
  kind: 'nsd'
  address: Endpoint
  ca: string
  cert: string
  certKey: string
}

export interface RndcControlSettings {
  kind: 'bind'
  address: Endpoint
  /** `id`: the name in `keys` of the config. `algorithm`: such as hmac-sha256. */
  key: { id: string; algorithm: string; secret: Buffer }
}

export interface PowerdnsControlSettings {
  kind: 'powerdns'
  /** http: or https:, without a path of the API. */
  url: string
  apiKey: string
  /** PEM text with the CAs of an https URL; undefined: those of Node.js. */
  ca: string | undefined
}

export interface KnotControlSettings {
  kind: 'knot'
  /** Absolute path of a Unix socket. */
  path: string
}

export type ControlSettings = NsdControlSettings | RndcControlSettings | PowerdnsControlSettings | KnotControlSettings

/** Equal in every credential: a change opens the channel anew. */
export function isSameControl(a: ControlSettings | undefined, b: ControlSettings | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return a === b
  const { secret: secretA, ...restA } = flat(a)
  const { secret: secretB, ...restB } = flat(b)
  return JSON.stringify(restA) === JSON.stringify(restB) && secretA.equals(secretB)
}

const NO_SECRET = Buffer.alloc(0)

function flat(settings: ControlSettings): Record<string, unknown> & { secret: Buffer } {
  if (settings.kind !== 'bind') return { ...settings, secret: NO_SECRET }
  const { key, ...rest } = settings
  return { ...rest, id: key.id, algorithm: key.algorithm, secret: key.secret }
}
