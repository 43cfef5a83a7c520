/**
 * Parses addresses and subnets in settings: `ip`, `ip:port`, `[ip6]:port`. Each has one canonical spelling, so that two spellings
 * of one address compare equal. Not here: host names; peers are allowed by address, so settings name addresses.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import type { Endpoint } from '../lib/dns/endpoint.js'

export const ADDRESS_HINT = 'write ip, ip:port or [ip6]:port'

/** The address in lower case and shortest form (RFC 5952 §4), without brackets; an IPv4-mapped address becomes the IPv4 one. */
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

/** Undefined when the text is not an address. Port 0 (any free port) needs `anyPort`: a hub can listen there, not query it. */
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

/** A subnet or a single address in canonical spelling; undefined for any other text. */
export function parseSubnet(text: string): string | undefined {
  const [address, length, ...rest] = text.split('/')
  const ip = canonicalIp(address ?? '')
  if (ip === undefined || rest.length > 0) return undefined
  const bits = isIP(ip) === 4 ? 32 : 128
  if (length === undefined) return `${ip}/${bits}`
  return /^\d{1,3}$/.test(length) && Number(length) <= bits ? `${ip}/${Number(length)}` : undefined
}

/** Takes an address or a subnet. */
export const isIpv6 = (text: string): boolean => text.includes(':')

/** Both texts are in canonical spelling. A subnet contains no address of the other family. */
export function subnetHolds(subnet: string, ip: string): boolean {
  const [address, length] = subnet.split('/')
  if (isIpv6(subnet) !== isIpv6(ip)) return false
  const family = isIpv6(ip) ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(withoutScope(address!), Number(length), family)
  return list.check(withoutScope(ip), family)
}

const withoutScope = (ip: string): string => ip.split('%')[0]!

/**
 * The longest prefix around an address that networks accept from each other. RFC 7454 §6.1.3: prefixes longer than /24 (IPv4) and
 * /48 (IPv6) is generally neither announced nor accepted.
 */
export function announcedPrefix(ip: string): string {
  if (!isIpv6(ip)) return `${ip.split('.').slice(0, 3).join('.')}.0/24`
  const [head, tail] = withoutScope(ip).split('::')
  const first = head === '' ? [] : head!.split(':')
  // The :: replaces groups of zeros, and reaches past the third group unless many groups follow it.
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0')
  return `${canonicalIp(`${[...first, ...zeros, ...last].slice(0, 3).join(':')}::`)}/48`
}

export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.')
}

export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::'
}
