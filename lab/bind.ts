/**
 * BIND as hidden primary (file, dynamic updates) and as node. Settings: no rate limits and delays; a silent primary is queried
 * for 15 s before the next one, and not again without EDNS and over TCP.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAtLeast } from '../lib/render/server-version.js'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { bindKey, keysOf, makeKey } from './keys.js'
import { findPort } from './ports.js'
import { findProgram, rootOf } from './program.js'
import { runCommand } from './run-command.js'
import { type LabPeer, type LabServer, type LabServerOptions, type LabZone, launchServer, makeServerFolder } from './server.js'
import { labFolder } from './watchdog.js'
import { zoneFileName } from './zone-text.js'

export async function startBind(options: LabServerOptions): Promise<LabServer> {
  const { version } = requireProgram('bind')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (options.netns === undefined ? await findPort(ip) : 53)
  const controlPort = await findPort('127.0.0.1')
  const folder = makeServerFolder(options.name)
  for (const { name, text } of options.zones) if (text !== undefined) writeFileSync(join(folder, zoneFileName(name)), text)
  // Its name on the wire has no effect, so each server has one of its own.
  const controlKey = makeKey(`rndc-${options.name}`)
  const conf = join(folder, 'named.conf')
  const rndcConf = join(folder, 'rndc.conf')
  writeFileSync(
    conf,
    namedConfig(
      { ...options, ip },
      { port, folder, version, controlPort, controlKey: bindKey(controlKey), controlName: controlKey.name },
    ),
    {
      mode: 0o600,
    },
  )
  const rndcOptions = `options { default-key "${controlKey.name}"; default-server 127.0.0.1; default-port ${controlPort}; };\n`
  writeFileSync(rndcConf, bindKey(controlKey) + rndcOptions, { mode: 0o600 })
  const probe = options.zones[0]?.name ?? '.'
  return launchServer({
    kind: 'bind',
    name: options.name,
    ip,
    port,
    folder,
    netns: options.netns,
    command: [unconfinedNamed(), '-g', '-c', conf, '-n', options.tuned === true ? '2' : '1'],
    isReady: async () => (await askSerial({ ip, port }, probe)) !== undefined,
    control: (...args) => runCommand('rndc', ['-c', rndcConf, ...args], { netns: options.netns }),
    channel: options.netns === undefined ? { rndc: `127.0.0.1:${controlPort}`, key: controlKey } : undefined,
  })
}

/**
 * Debian's AppArmor profile restricts /usr/sbin/named to its own folders, by the program's path: where AppArmor is on, a copy in
 * the lab's folder runs instead. The profile does not name the path in another root.
 */
export function unconfinedNamed(): string {
  const named = findProgram('named')
  if (named === undefined || rootOf('named') !== undefined) return 'named'
  try {
    if (readFileSync('/sys/module/apparmor/parameters/enabled', 'latin1').trim() !== 'Y') return 'named'
    const copy = join(labFolder(), 'named')
    copyFileSync(named, copy)
    return copy
  } catch {
    return 'named'
  }
}

interface Place {
  port: number
  folder: string
  version: string
  controlPort: number
  controlKey: string
  controlName: string
}

function namedConfig(options: LabServerOptions & { ip: string }, place: Place): string {
  const { port, folder, version } = place
  const source = options.source ?? options.ip
  const family = source.includes(':') ? '-v6' : ''
  const sources = source === 'by-route' ? '' : `  transfer-source${family} ${source};\n  notify-source${family} ${source};\n`
  const listenOf = (isV6: boolean) =>
    [options.ip, ...(options.alsoAt ?? [])]
      .filter((ip) => ip.includes(':') === isV6)
      .map((ip) => `${ip}; `)
      .join('') || 'none; '
  const v6 = options.ip.includes(':')
  const here = ['127.0.0.0/8', '::1', ...(options.clients ?? [])].map((subnet) => `${subnet};`).join(' ')
  const rule = (key: { name: string } | undefined) => (key === undefined ? here : `key "${key.name}";`)
  // Newer versions refuse RRsets over 100 records by default.
  const noRrsetLimit = isAtLeast(version, '9.18.28') ? '  max-records-per-type 0;\n  max-types-per-name 0;\n' : ''
  const primaries = new Set(options.zones.flatMap(({ from = [] }) => from.map((peer) => peer.ip)))
  const plainly = [...primaries].map((ip) => `server ${ip} { edns no; };\n`).join('')
  const targets = (options.notify ?? []).map(peerText).join('')
  const secure = secureOnly(options)
  return `${place.controlKey}${tlsBlocks(options)}${keysOf(options).map(bindKey).join('')}controls { inet 127.0.0.1 port ${place.controlPort} allow { 127.0.0.1; } keys { "${place.controlName}"; }; };
options {
  directory "${folder}";
${options.identity === undefined ? '' : `  hostname "${options.identity}";\n${options.hasServerId === true ? `  server-id "${options.identity}";\n` : ''}`}  allow-new-zones yes;
  pid-file "${folder}/named.pid";
${isAtLeast(version, '9.20') ? '' : '  lock-file none;\n'}  session-keyfile "${folder}/session.key";
  managed-keys-directory "${folder}";
  listen-on port ${port} { ${listenOf(false)}};
  listen-on-v6 port ${port} { ${listenOf(true)}};
${options.tls === undefined ? '' : `  listen-on${v6 ? '-v6' : ''} port ${options.tls.port} tls own { ${listenOf(v6)}};\n`}${sources}  recursion no;
  dnssec-validation no;
  empty-zones-enable no;
  allow-query { any; };
  allow-transfer ${secure}{ ${rule(options.transferKey)} };
  notify ${targets === '' ? 'no' : 'explicit'};
${targets === '' ? '' : `  also-notify { ${targets} };\n`}  notify-delay 0;
  notify-rate 100000;
  startup-notify-rate 100000;
  serial-query-rate 100000;
  transfers-in 200;
  transfers-out 200;
  transfers-per-ns 200;
  tcp-clients 1000;
  min-refresh-time 1;
  min-retry-time 1;
  try-tcp-refresh no;
${noRrsetLimit}${catalogsConfig(options.zones)}};
${plainly}${options.zones.map((zone) => zoneConfig(zone, rule(options.updateKey))).join('')}`
}

/** Where it serves, and how it asks each server by name. With `client` it wants a certificate from every client there. */
function tlsBlocks({ tls, zones, notify = [] }: LabServerOptions): string {
  if (tls === undefined) return ''
  const own = `cert-file "${tls.cert}"; key-file "${tls.key}"; protocols { TLSv1.3; };`
  const servers = [...notify, ...zones.flatMap(({ from = [] }) => from)].flatMap((peer) => peer.tls?.name ?? [])
  return [
    `tls own { ${own}${tls.client === undefined ? '' : ` ca-file "${tls.ca}";`} };\n`,
    ...[...new Set(servers)].map((name) => `tls "${name}" { ${own} ca-file "${tls.ca}"; remote-hostname "${name}"; };\n`),
  ].join('')
}

/** Transfers only over TLS. */
const secureOnly = ({ tls }: LabServerOptions): string => (tls?.client === undefined ? '' : `port ${tls.port} transport tls `)

/** Catalogs of which it is a consumer: members have the primaries of the catalog. */
function catalogsConfig(zones: readonly LabZone[]): string {
  const catalogs = zones.filter(({ catalog }) => catalog !== undefined)
  if (catalogs.length === 0) return ''
  const notifiers = catalogs.flatMap(({ from = [] }) =>
    from.map(({ key, ip }) => (key === undefined ? `${ip};` : `key "${key.name}";`)),
  )
  const entries = catalogs.map(
    ({ name, from = [] }) =>
      `    zone "${name}" default-primaries { ${from.map(peerText).join('')}} in-memory no min-update-interval 0;\n`,
  )
  return `  allow-notify { ${notifiers.join(' ')} };\n  catalog-zones {\n${entries.join('')}  };\n`
}

const peerText = (peer: LabPeer): string =>
  `${peer.ip} port ${peer.port}${peer.key === undefined ? '' : ` key "${peer.key.name}"`}${peer.tls?.name === undefined ? '' : ` tls "${peer.tls.name}"`}; `

function zoneConfig(zone: LabZone, mayUpdate: string): string {
  const file = zoneFileName(zone.name)
  if (zone.fromFile === true) return `zone "${zone.name}" { type primary; file "${file}"; ixfr-from-differences yes; };\n`
  if (zone.text !== undefined) return `zone "${zone.name}" { type primary; file "${file}"; allow-update { ${mayUpdate} }; };\n`
  const from = zone.from ?? []
  const notifiers = from.map((peer) => (peer.key === undefined ? `${peer.ip};` : `key "${peer.key.name}";`)).join(' ')
  const primaries = from.map(peerText).join('')
  return `zone "${zone.name}" { type secondary; file "${file}"; primaries { ${primaries}}; allow-notify { ${notifiers} }; };\n`
}
