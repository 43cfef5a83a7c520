/** dnsdist in front of PowerDNS, which has no TLS: it takes its queries in the clear, and passes them to the hub over TLS. */
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
  requireProgram('dnsdist')
  const port = await findPort(ip)
  const folder = makeServerFolder(name)
  const conf = join(folder, 'dnsdist.conf')
  const tls = `tls="openssl", subjectName="${hub.name}", caStore="${hub.ca}", validateCertificates=true`
  writeFileSync(
    conf,
    `setLocal("${ip}:${port}")
setACL({"127.0.0.0/8"})
newServer({address="${hub.ip}:${hub.port}", source="${source}", healthCheckMode="up", ${tls}})
getServer(0):setUp()
`,
  )
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
