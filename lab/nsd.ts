/**
 * NSD as hidden primary (file and reload) and as node. Settings: no delay before a new version is served, IXFR both ways; a short
 * tcp-timeout, as the default of two minutes lets a silent primary block transfers from the others.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAtLeast } from '../lib/render/server-version.js'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { keysOf } from './keys.js'
import { type NsdCertificates, nsdCertificates } from './nsd-certificates.js'
import { findPort } from './ports.js'
import { runCommand } from './run-command.js'
import { type LabPeer, type LabServer, type LabServerOptions, type LabZone, launchServer, makeServerFolder } from './server.js'
import { zoneFileName } from './zone-text.js'

export async function startNsd(options: LabServerOptions): Promise<LabServer> {
  const { version } = requireProgram('nsd')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (options.netns === undefined ? await findPort(ip) : 53)
  const folder = makeServerFolder(options.name)
  for (const { name, text } of options.zones) if (text !== undefined) writeFileSync(join(folder, zoneFileName(name)), text)
  const conf = join(folder, 'nsd.conf')
  // In a network namespace, nsd-control would have to run there too.
  const control =
    options.netns === undefined ? { port: await findPort('127.0.0.1'), certificates: await nsdCertificates() } : undefined
  writeFileSync(conf, nsdConfig(options, { ip, port, folder, version, control }), { mode: 0o600 })
  const probe = options.zones[0]?.name ?? '.'
  return launchServer({
    kind: 'nsd',
    name: options.name,
    ip,
    port,
    folder,
    netns: options.netns,
    command: ['nsd', '-d', '-c', conf],
    isReady: async () => (await askSerial({ ip, port }, probe)) !== undefined,
    control: (...args) => runCommand('nsd-control', ['-c', conf, ...args]),
    channel: control && {
      nsd: `127.0.0.1:${control.port}`,
      ca: control.certificates.server,
      cert: control.certificates.control,
      certKey: control.certificates.controlKey,
    },
  })
}

interface Place {
  ip: string
  port: number
  folder: string
  version: string
  /** Undefined: a Unix socket. */
  control: { port: number; certificates: NsdCertificates } | undefined
}

const controlConfig = (folder: string, control: Place['control']): string =>
  control === undefined
    ? `  control-interface: "${folder}/nsd.sock"\n`
    : `  control-interface: 127.0.0.1
  control-port: ${control.port}
  server-cert-file: "${control.certificates.server}"
  server-key-file: "${control.certificates.serverKey}"
  control-cert-file: "${control.certificates.control}"
  control-key-file: "${control.certificates.controlKey}"
`

function nsdConfig(options: LabServerOptions, { ip, port, folder, version, control }: Place): string {
  return `server:
${[ip, ...(options.alsoAt ?? [])].map((each) => `  ip-address: ${each}@${port}\n`).join('')}  username: ""
  chroot: ""
${isAtLeast(version, '4.8') ? '' : '  database: ""\n'}  zonesdir: "${folder}"
  xfrdir: "${folder}"
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  pidfile: "${folder}/nsd.pid"
${options.identity === undefined ? '' : `  identity: "${options.identity}"\n  nsid: "ascii_${options.identity}"\n`}  verbosity: 2
  server-count: 1
  tcp-count: 200
  tcp-timeout: 3
  rrl-ratelimit: 0
  xfrd-reload-timeout: 0
  zonefiles-write: 1
${tlsConfig(options, { ip, version })}remote-control:
  control-enable: yes
${controlConfig(folder, control)}${keysOf(options)
  .map((key) => `key:\n  name: "${key.name}"\n  algorithm: ${key.algorithm}\n  secret: "${key.secret}"\n`)
  .join('')}${tlsAuths(options)}${options.zones.map((zone) => zoneConfig(zone, options, { ip, version })).join('')}`
}

/** Older versions do not check the certificates of clients. */
function tlsConfig({ tls }: LabServerOptions, { ip, version }: { ip: string; version: string }): string {
  if (tls === undefined) return ''
  const files = `  tls-service-key: "${tls.key}"\n  tls-service-pem: "${tls.cert}"\n  tls-cert-bundle: "${tls.ca}"\n`
  const here = `  ip-address: ${ip}@${tls.port}\n`
  if (tls.client === undefined || !checksClients(version)) return `${here}  tls-port: ${tls.port}\n${files}`
  return `${here}  tls-auth-port: ${tls.port}\n  tls-auth-xfr-only: yes\n${files}`
}

const checksClients = (version: string): boolean => isAtLeast(version, '4.9')

/** The names of the servers that it asks, and of the clients that ask it. */
function tlsAuths({ tls, zones }: LabServerOptions): string {
  if (tls === undefined) return ''
  const servers = zones.flatMap(({ from = [] }) => from.flatMap((peer) => peer.tls?.name ?? []))
  return [...new Set([...servers, ...(tls.client === undefined ? [] : [tls.client])])]
    .map(
      (name) =>
        `tls-auth:\n  name: "${name}"\n  auth-domain-name: "${name}"\n  client-cert: "${tls.cert}"\n  client-key: "${tls.key}"\n`,
    )
    .join('')
}

const keyName = (peer: LabPeer): string => peer.key?.name ?? 'NOKEY'

function zoneConfig(zone: LabZone, options: LabServerOptions, { ip, version }: { ip: string; version: string }): string {
  const from = zone.from ?? []
  const notify = options.notify ?? []
  const client = options.tls?.client !== undefined && checksClients(version) ? ` ${options.tls.client}` : ''
  const allowed = `${options.transferKey?.name ?? 'NOKEY'}${client}`
  const name = `  name: "${zone.name}"`
  const file = `  zonefile: "${zoneFileName(zone.name)}"`
  if (zone.catalog !== undefined && from.length > 0) {
    const shared = zoneConfig({ ...zone, catalog: undefined }, options, { ip, version })
      .split('\n')
      .slice(3)
      .join('\n')
    return `pattern:\n  name: "members"\n  zonefile: "%s.zone"\n${shared}zone:\n${name}\n${file}\n  catalog: consumer\n  catalog-member-pattern: "members"\n${shared}`
  }
  const lines = [
    'zone:',
    name,
    file,
    `  provide-xfr: 127.0.0.0/8 ${allowed}`,
    `  provide-xfr: ::1 ${allowed}`,
    ...(options.clients ?? []).map((subnet) => `  provide-xfr: ${subnet} ${allowed}`),
    ...from.flatMap((peer) => [
      `  request-xfr: ${peer.ip}@${peer.port} ${keyName(peer)}${peer.tls?.name === undefined ? '' : ` ${peer.tls.name}`}`,
      `  allow-notify: ${peer.ip} ${keyName(peer)}`,
    ]),
    ...notify.map((peer) => `  notify: ${peer.ip}@${peer.port} ${keyName(peer)}`),
    ...(from.length + notify.length > 0 && options.source !== 'by-route'
      ? [`  outgoing-interface: ${options.source ?? ip}`]
      : []),
    // The history for the IXFR of nodes and secondaries.
    ...(isAtLeast(version, '4.5')
      ? ['  store-ixfr: yes', '  ixfr-number: 64', ...(zone.text === undefined ? [] : ['  create-ixfr: yes'])]
      : []),
  ]
  return `${lines.join('\n')}\n`
}
