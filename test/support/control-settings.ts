/** The control channel of a server of the lab, as settings of lib/control. */
import { readFileSync } from 'node:fs'
import type { LabChannel } from '../../lab/server.js'
import type { Endpoint } from '../../lib/dns/endpoint.js'
import type { ControlSettings } from '../../lib/fleet/control-settings.js'

export function endpointOf(text: string): Endpoint {
  const at = text.lastIndexOf(':')
  return { ip: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
}

export function controlSettingsOf(channel: LabChannel): ControlSettings {
  const read = (path: string): string => readFileSync(path, 'utf8')
  if ('nsd' in channel) {
    const { nsd, ca, cert, certKey } = channel
    return { kind: 'nsd', address: endpointOf(nsd), ca: read(ca), cert: read(cert), certKey: read(certKey) }
  }
  if ('rndc' in channel) {
    const { name: id, algorithm, secret } = channel.key
    return { kind: 'bind', address: endpointOf(channel.rndc), key: { id, algorithm, secret: Buffer.from(secret, 'base64') } }
  }
  if ('knot' in channel) return { kind: 'knot', path: channel.knot }
  return { kind: 'powerdns', url: channel.powerdns, apiKey: read(channel.apiKeyFile).trim(), ca: undefined }
}
