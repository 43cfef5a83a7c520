/** The addresses on which the roles of a process listen, as `start` prints them. */
import { type Endpoint, endpointText } from '../lib/dns/endpoint.js'

export interface RoleAddress {
  role: 'transfer' | 'api'
  address: string
}

export function roleAddresses(transfer: readonly Endpoint[] = [], api: Endpoint | undefined): RoleAddress[] {
  const served = transfer.map((endpoint): RoleAddress => ({ role: 'transfer', address: endpointText(endpoint) }))
  return api === undefined ? served : [...served, { role: 'api', address: `http://${endpointText(api)}/` }]
}
