/** The addresses on which the roles of a process listen, as `start` prints them. */
import { type Endpoint, endpointText } from '../../lib/dns/endpoint.js'

export interface RoleAddress {
  role: 'transfer' | 'tls' | 'api'
  address: string
}

export function roleAddresses(
  transfer: { addresses: readonly Endpoint[]; tlsAddresses: readonly Endpoint[] } | undefined,
  api: { address: Endpoint; scheme: 'http' | 'https' } | undefined,
): RoleAddress[] {
  const at = (role: RoleAddress['role'], addresses: readonly Endpoint[] = []): RoleAddress[] =>
    addresses.map((endpoint) => ({ role, address: endpointText(endpoint) }))
  const served = [...at('transfer', transfer?.addresses), ...at('tls', transfer?.tlsAddresses)]
  return api === undefined ? served : [...served, { role: 'api', address: `${api.scheme}://${endpointText(api.address)}/` }]
}
