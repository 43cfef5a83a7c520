/** PowerDNS with its bind backend, as node. It takes whole transfers only; as primary it is not needed here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { keysOf } from './keys.js'
import { findPort } from './ports.js'
import { runCommand } from './run-command.js'
import { type LabServer, type LabServerOptions, launchServer, makeServerFolder } from './server.js'
import { zoneFileName } from './zone-text.js'

export async function startPdns(options: LabServerOptions): Promise<LabServer> {
  requireProgram('pdns')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (await findPort(ip))
  const folder = makeServerFolder(options.name, 'zones')
  writeFileSync(join(folder, 'named.conf'), zonesConfig(options, folder))
  writeFileSync(join(folder, 'pdns.conf'), pdnsConfig(options, { ip, port, folder }), { mode: 0o600 })
  const configDir = `--config-dir=${folder}`
  await importKeys(options, folder, configDir)
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
  })
  // It first looks for new zones a minute after its start, unless it is told to.
  for (const zone of options.zones) await server.control('retrieve', zone.name).catch(() => undefined)
  return server
}

function pdnsConfig(options: LabServerOptions, { ip, port, folder }: { ip: string; port: number; folder: string }): string {
  return `launch=bind
bind-config=${folder}/named.conf
bind-dnssec-db=${folder}/dnssec.sqlite3
local-address=${ip}
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
`
}

function zonesConfig(options: LabServerOptions, folder: string): string {
  const zones = options.zones.map(({ name, from = [] }) => {
    const primaries = from.map((peer) => `${peer.ip.includes(':') ? `[${peer.ip}]` : peer.ip}:${peer.port}; `).join('')
    return `zone "${name}" { type slave; file "${folder}/zones/${zoneFileName(name)}"; masters { ${primaries}}; };\n`
  })
  return `options { directory "${folder}"; };\n${zones.join('')}`
}

/** Keys live in a database of its own, which `pdnsutil` makes and fills while the server is down. */
async function importKeys(options: LabServerOptions, folder: string, configDir: string): Promise<void> {
  await runCommand('pdnsutil', [configDir, 'create-bind-db', `${folder}/dnssec.sqlite3`])
  for (const key of keysOf(options))
    await runCommand('pdnsutil', [configDir, 'import-tsig-key', key.name, key.algorithm, key.secret])
  for (const zone of options.zones) {
    for (const { key } of zone.from ?? []) {
      if (key !== undefined) await runCommand('pdnsutil', [configDir, 'activate-tsig-key', zone.name, key.name, 'secondary'])
    }
    if (options.transferKey !== undefined) {
      await runCommand('pdnsutil', [configDir, 'activate-tsig-key', zone.name, options.transferKey.name, 'primary'])
    }
  }
}
