/**
 * dnsdist in front of PowerDNS, which has no TLS: as a node it takes its queries in the clear, and passes them to the hub over TLS; as a
 * primary it takes those of the hub over TLS.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { findPort } from './ports.js'
import { type LabServer, launchServer, makeServerFolder } from './server.js'

export interface DnsdistOptions {
  name: string
  /** Where PowerDNS asks. */
  ip?: string | undefined
  /** Source of its connections: the address of the node. */
  source: string
  /** The server with TLS, the name in its certificate, and the file of its CA. */
  hub: { ip: string; port: number; name: string; ca: string }
  /** A zone that the server answers for. */
  zone: string
}

export async function startDnsdist({ name, ip = '127.0.0.1', source, hub, zone }: DnsdistOptions): Promise<LabServer> {
  const tls = `tls="openssl", subjectName="${hub.name}", caStore="${hub.ca}", validateCertificates=true`
  const lines = [`newServer({address="${hub.ip}:${hub.port}", source="${source}", healthCheckMode="up", ${tls}})`]
  return await launchDnsdist({ name, ip, zone, lines })
}

export interface DnsdistPrimaryOptions {
  name: string
  ip?: string | undefined
  /** Where it takes queries over TLS, with its certificate. */
  tls: { port: number; cert: string; key: string }
  /** The server behind it. */
  backend: { ip: string; port: number }
  zone: string
}

export async function startDnsdistPrimary(options: DnsdistPrimaryOptions): Promise<LabServer> {
  const { name, ip = '127.0.0.1', tls, backend, zone } = options
  const lines = [
    `addTLSLocal("${ip}:${tls.port}", "${tls.cert}", "${tls.key}", { minTLSVersion="tls1.3" })`,
    `newServer({address="${backend.ip}:${backend.port}", healthCheckMode="up"})`,
  ]
  return await launchDnsdist({ name, ip, zone, lines })
}

interface Launching {
  name: string
  ip: string
  zone: string
  /** Lines of dnsdist.conf, with one server. */
  lines: readonly string[]
}

async function launchDnsdist({ name, ip, zone, lines }: Launching): Promise<LabServer> {
  requireProgram('dnsdist')
  const port = await findPort(ip)
  const folder = makeServerFolder(name)
  const conf = join(folder, 'dnsdist.conf')
  const common = [`setLocal("${ip}:${port}")`, 'setACL({"127.0.0.0/8"})']
  writeFileSync(conf, [...common, ...lines, 'getServer(0):setUp()', ''].join('\n'))
  return launchServer({
    kind: 'dnsdist',
    name,
    ip,
    port,
    folder,
    command: ['dnsdist', '--supervised', '--disable-syslog', '-C', conf],
    isReady: async () => (await askSerial({ ip, port }, zone)) !== undefined,
    control: () => Promise.reject(new Error('dnsdist has no control program here')),
  })
}
