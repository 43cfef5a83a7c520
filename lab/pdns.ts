/**
 * PowerDNS as node. It supports only AXFR; the lab has no use for it as primary. The backend is bind up to 4 and LMDB from 5 on,
 * whose pdnsutil cannot load the bind backend in Debian (5.1.5: undefined symbol). A consumer of catalogs has LMDB in any version:
 * the bind backend has no catalogs.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAtLeast } from '../lib/render/server-version.js'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { keysOf } from './keys.js'
import { findPort } from './ports.js'
import { runCommand } from './run-command.js'
import { type LabPeer, type LabServer, type LabServerOptions, launchServer, makeServerFolder } from './server.js'
import { zoneFileName } from './zone-text.js'

export async function startPdns(options: LabServerOptions): Promise<LabServer> {
  const { version } = requireProgram('pdns')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (await findPort(ip))
  const folder = makeServerFolder(options.name, 'zones')
  const backend = options.zones.some(({ catalog }) => catalog !== undefined) ? 'lmdb' : backendOf(version)
  const web: Web = { port: await findPort('127.0.0.1'), apiKey: randomBytes(24).toString('base64url') }
  const apiKeyFile = join(folder, 'api.key')
  writeFileSync(apiKeyFile, `${web.apiKey}\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'pdns.conf'), pdnsConfig(options, { ip, port, folder, backend, web }), { mode: 0o600 })
  const configDir = `--config-dir=${folder}`
  const pdnsutil = (...args: string[]) => runCommand('pdnsutil', [configDir, ...args])
  if (backend === 'bind') {
    writeFileSync(join(folder, 'named.conf'), zonesConfig(options, folder))
    await pdnsutil('create-bind-db', `${folder}/dnssec.sqlite3`)
  } else for (const { name, from = [] } of options.zones) await pdnsutil('create-secondary-zone', name, ...from.map(primaryText))
  await importKeys(options, pdnsutil)
  for (const { name, catalog } of options.zones) if (catalog !== undefined) await pdnsutil('set-kind', name, 'consumer')
  const probe = options.zones[0]?.name ?? '.'
  const server = await launchServer({
    kind: 'pdns',
    name: options.name,
    ip,
    port,
    folder,
    command: ['pdns_server', configDir],
    isReady: async () => (await askSerial({ ip, port }, probe)) !== undefined,
    control: (...args) => runCommand('pdns_control', [configDir, ...args]),
    channel: { powerdns: `http://127.0.0.1:${web.port}`, apiKeyFile },
  })
  // By default it first looks for new zones a minute after its start.
  for (const zone of options.zones) await server.control('retrieve', zone.name).catch(() => undefined)
  return server
}

type Backend = 'bind' | 'lmdb'

/** The backend that this version's pdnsutil can load. */
export const backendOf = (version: string): Backend => (isAtLeast(version, '5') ? 'lmdb' : 'bind')

const backendConfig = (backend: Backend, folder: string): string =>
  backend === 'bind'
    ? `launch=bind\nbind-config=${folder}/named.conf\nbind-dnssec-db=${folder}/dnssec.sqlite3\n`
    : `launch=lmdb\nlmdb-filename=${folder}/zones.lmdb\nlmdb-shards=1\n`

interface Web {
  port: number
  apiKey: string
}

interface Place {
  ip: string
  port: number
  folder: string
  backend: Backend
  web: Web
}

function pdnsConfig(options: LabServerOptions, { ip, port, folder, backend, web }: Place): string {
  return `${backendConfig(backend, folder)}local-address=${ip}
local-port=${port}
query-local-address=${options.source ?? ip}
secondary=yes
allow-notify-from=127.0.0.0/8,::1
allow-axfr-ips=127.0.0.0/8,::1
config-dir=${folder}
socket-dir=${folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=6
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
xfr-cycle-interval=1
xfr-max-received-mbytes=10000
receiver-threads=1
distributor-threads=1
retrieval-threads=4
api=yes
api-key=${web.apiKey}
webserver=yes
webserver-address=127.0.0.1
webserver-port=${web.port}
webserver-allow-from=127.0.0.0/8
`
}

const primaryText = ({ ip, port }: LabPeer): string => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`

function zonesConfig(options: LabServerOptions, folder: string): string {
  const zones = options.zones.map(({ name, from = [] }) => {
    const primaries = from.map((peer) => `${primaryText(peer)}; `).join('')
    return `zone "${name}" { type slave; file "${folder}/zones/${zoneFileName(name)}"; masters { ${primaries}}; };\n`
  })
  return `options { directory "${folder}"; };\n${zones.join('')}`
}

/** Keys are in the database, which `pdnsutil` fills while the server is down. */
async function importKeys(options: LabServerOptions, pdnsutil: (...args: string[]) => Promise<string>): Promise<void> {
  for (const key of keysOf(options)) await pdnsutil('import-tsig-key', key.name, key.algorithm, key.secret)
  for (const zone of options.zones) {
    for (const { key } of zone.from ?? []) {
      if (key !== undefined) await pdnsutil('activate-tsig-key', zone.name, key.name, 'secondary')
    }
    if (options.transferKey !== undefined) await pdnsutil('activate-tsig-key', zone.name, options.transferKey.name, 'primary')
  }
}
