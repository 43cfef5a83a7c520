/** IP addresses as text: membership in a list of networks. */
import { BlockList, isIP, isIPv6 } from 'node:net'

export const isIpAddress = (text: string): boolean => isIP(text) !== 0

/** `subnets` are addresses or CIDR blocks of either family; an empty list matches nothing. */
export function isWithin(ip: string, subnets: readonly string[]): boolean {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net, bits] = subnet.split('/')
    const family = isIPv6(net!) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(net!, family)
    else list.addSubnet(net!, Number(bits), family)
  }
  return list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}
