/**
 * Addresses as settings are written: `ip`, `ip:port`, `[ip6]:port`, and subnets, in one canonical spelling so that two
 * spellings of one address compare equal. Not here: host names; peers are allowed by address, so settings name addresses.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import type { Endpoint } from './config.js'

export const ADDRESS_HINT = 'write ip, ip:port or [ip6]:port'

/** Lower case, shortest form (RFC 5952 §4), no brackets; an IPv4-mapped address becomes the IPv4 one. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text)) return undefined
  const [address, scope] = text.split('%')
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short)
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  return scope === undefined ? short : `${short}%${scope}`
}

/** Undefined when the text is no address. Port 0 (any free one) only where `anyPort` says so: we may listen there, not ask. */
export function parseAddress(text: string, defaultPort: number, options: { anyPort?: boolean } = {}): Endpoint | undefined {
  const bare = canonicalIp(text)
  if (bare !== undefined) return { ip: bare, port: defaultPort }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const ip = canonicalIp(match[1] ?? match[2]!)
  if (ip === undefined || (match[1] !== undefined && isIPv4(match[1]))) return undefined
  const port = match[3] === undefined ? defaultPort : Number(match[3])
  if (port > 65_535 || (port === 0 && options.anyPort !== true)) return undefined
  return { ip, port }
}

export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.ip.includes(':') ? `[${endpoint.ip}]:${endpoint.port}` : `${endpoint.ip}:${endpoint.port}`
}

/** A subnet or a single address in canonical spelling; undefined when it is neither. */
export function parseSubnet(text: string): string | undefined {
  const [address, length, ...rest] = text.split('/')
  const ip = canonicalIp(address ?? '')
  if (ip === undefined || rest.length > 0) return undefined
  const bits = isIP(ip) === 4 ? 32 : 128
  if (length === undefined) return `${ip}/${bits}`
  return /^\d{1,3}$/.test(length) && Number(length) <= bits ? `${ip}/${Number(length)}` : undefined
}

export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.')
}

export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::'
}
