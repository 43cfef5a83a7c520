/** A server's address and port, and their text form. */

export interface Endpoint {
  /** In canonical spelling, without brackets. */
  ip: string
  port: number
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const endpointText = ({ ip, port }: Endpoint): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)
