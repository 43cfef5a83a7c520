/** Where a server is: an address and a port, and how both are written. */

export interface Endpoint {
  /** In canonical spelling, without brackets. */
  ip: string
  port: number
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const endpointText = ({ ip, port }: Endpoint): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)
