/** Knot DNS as hidden primary (file, dynamic updates, signing) and as node. Settings: fast on loopback, IXFR both ways. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAtLeast } from '../lib/render/server-version.js'
import { askSerial } from './ask-serial.js'
import { requireProgram } from './available.js'
import { keysOf } from './keys.js'
import { findPort } from './ports.js'
import { runCommand } from './run-command.js'
import { type LabPeer, type LabServer, type LabServerOptions, type LabZone, launchServer, makeServerFolder } from './server.js'
import { zoneFileName } from './zone-text.js'

const LOOPBACK = ['127.0.0.0/8', '::1']

export async function startKnot(options: LabServerOptions): Promise<LabServer> {
  const { version } = requireProgram('knot')
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (options.netns === undefined ? await findPort(ip) : 53)
  const folder = makeServerFolder(options.name, 'db', 'zones')
  for (const { name, text } of options.zones)
    if (text !== undefined) writeFileSync(join(folder, 'zones', zoneFileName(name)), text)
  const conf = join(folder, 'knot.conf')
  writeFileSync(conf, knotConfig(options, { ip, port, folder, version }), { mode: 0o600 })
  const probe = options.zones[0]?.name ?? '.'
  return launchServer({
    kind: 'knot',
    name: options.name,
    ip,
    port,
    folder,
    netns: options.netns,
    command: ['knotd', '-c', conf],
    isReady: async () => (await askSerial({ ip, port }, probe)) !== undefined,
    control: (...args) => runCommand('knotc', ['-b', '-c', conf, ...args]),
    channel: { knot: join(folder, 'knot.sock') },
  })
}

interface Place {
  ip: string
  port: number
  folder: string
  version: string
}

function knotConfig(options: LabServerOptions, place: Place): string {
  const { ip, port, folder } = place
  const remotes = remoteIds(options)
  const source = options.source ?? ip
  // A silent primary must not delay the transfer while another has the zone.
  const several = options.zones.some(({ from = [] }) => from.length > 1)
  const remoteText = [...remotes.values()].map(
    ({ id, peer }) =>
      `  - id: ${id}\n    address: ${peer.ip}@${peer.port}\n${remoteTls(peer)}${source === 'by-route' ? '' : `    via: ${source}\n`}${peer.key === undefined ? '' : `    key: ${peer.key.name}\n`}`,
  )
  // A NOTIFY is accepted from the address of the zone's source, signed if that link has a key.
  const acls = [...remotes.values()].map(
    ({ id, peer }) =>
      `  - id: notify-${id}\n    address: ${peer.ip}\n    action: notify\n${peer.key === undefined ? '' : `    key: ${peer.key.name}\n`}`,
  )
  return `server:
  rundir: ${folder}
${options.identity === undefined ? '' : `  identity: "${options.identity}"\n  nsid: "${options.identity}"\n`}  listen: [${[ip, ...(options.alsoAt ?? [])].map((each) => `${each}@${port}`).join(', ')}]
  udp-workers: ${options.tuned === true ? 2 : 1}
  tcp-workers: ${options.tuned === true ? 4 : 2}
  background-workers: ${options.tuned === true ? 32 : 4}
  remote-pool-limit: ${Math.max(64, remotes.size)}
  tcp-max-clients: 1000
${tlsConfig(options, ip)}${several ? '  tcp-remote-io-timeout: 2000\n' : ''}log:
  - target: stderr
    any: info
control:
  listen: ${folder}/knot.sock
database:
  storage: ${folder}/db
  journal-db-max-size: 2G
key:
${keysOf(options)
  .map((key) => `  - id: ${key.name}\n    algorithm: ${key.algorithm}\n    secret: ${key.secret}\n`)
  .join('')}remote:
${remoteText.join('')}${isGrouped(options, place) ? `remotes:\n  - id: ${NOTIFIED}\n    remote: [${idsOf(options.notify ?? [], remotes).join(', ')}]\n` : ''}acl:
  - id: transfer
    address: [${[...LOOPBACK, ...(options.clients ?? [])].join(', ')}]
    action: transfer
${options.tls?.client === undefined ? '' : `    protocol: tls\n    cert-hostname: ${options.tls.client}\n`}${options.transferKey === undefined ? '' : `    key: ${options.transferKey.name}\n`}  - id: update
    address: [${LOOPBACK.join(', ')}]
    action: update
${options.updateKey === undefined ? '' : `    key: ${options.updateKey.name}\n`}${acls.join('')}policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: ${folder}/zones
    zonefile-sync: -1
${options.zones.map((zone) => memberTemplate(zone, remotes, place)).join('')}zone:
${options.zones.map((zone) => zoneConfig(zone, options, remotes, place)).join('')}`
}

/** It listens on a port of its own; the same certificate proves it as client. */
function tlsConfig({ tls }: LabServerOptions, ip: string): string {
  if (tls === undefined) return ''
  return `  cert-file: ${tls.cert}\n  key-file: ${tls.key}\n  ca-file: ${tls.ca}\n  listen-tls: ${ip}@${tls.port}\n`
}

function remoteTls({ tls }: LabPeer): string {
  if (tls === undefined) return ''
  return `    tls: on\n    ${tls.pin === undefined ? `cert-hostname: ${tls.name}` : `cert-key: ${tls.pin}`}\n`
}

type Remotes = Map<string, { id: string; peer: LabPeer }>

const peerKey = (peer: LabPeer): string =>
  `${peer.ip}@${peer.port} ${peer.key?.name ?? ''} ${peer.tls?.name ?? peer.tls?.pin ?? ''}`

const idsOf = (peers: readonly LabPeer[], remotes: Remotes): string[] => peers.map((peer) => remotes.get(peerKey(peer))!.id)

/** The group of all notified servers: ten thousand zones with two hundred each would be a config of 16 MB. */
const NOTIFIED = 'notified'
const isGrouped = ({ notify = [] }: LabServerOptions, { version }: Place): boolean =>
  notify.length > 1 && isAtLeast(version, '3.2')

function remoteIds(options: LabServerOptions): Remotes {
  const peers = [...(options.notify ?? []), ...options.zones.flatMap((zone) => zone.from ?? [])]
  const remotes: Remotes = new Map()
  for (const peer of peers) if (!remotes.has(peerKey(peer))) remotes.set(peerKey(peer), { id: `peer${remotes.size}`, peer })
  return remotes
}

/** The settings of the members of a consumed catalog: like those of a secondary. */
function memberTemplate(zone: LabZone, remotes: Remotes, { folder }: Place): string {
  if (zone.catalog === undefined) return ''
  const from = idsOf(zone.from ?? [], remotes)
  return `  - id: members
    storage: ${folder}/zones
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: [${from.join(', ')}]
    acl: [transfer, ${from.map((id) => `notify-${id}`).join(', ')}]
`
}

function zoneConfig(zone: LabZone, options: LabServerOptions, remotes: Remotes, place: Place): string {
  const { version } = place
  const from = idsOf(zone.from ?? [], remotes)
  const notify = isGrouped(options, place) ? [NOTIFIED] : idsOf(options.notify ?? [], remotes)
  const acl = ['transfer', ...(zone.text === undefined ? [] : ['update']), ...from.map((id) => `notify-${id}`)]
  const lines = [
    `  - domain: ${zone.name}`,
    ...(zone.generatesCatalog === true ? ['    catalog-role: generate'] : [`    file: ${zoneFileName(zone.name)}`]),
    ...(zone.catalog === undefined ? [] : ['    catalog-role: interpret', '    catalog-template: members']),
    ...(zone.memberOf === undefined ? [] : ['    catalog-role: member', `    catalog-zone: ${zone.memberOf.catalog}`]),
    ...(zone.memberOf?.group === undefined ? [] : [`    catalog-group: ${zone.memberOf.group}`]),
    `    acl: [${acl.join(', ')}]`,
    // A primary keeps its file and the changes since; a secondary keeps everything in the journal and needs no file.
    ...(zone.generatesCatalog === true
      ? []
      : zone.text === undefined
        ? ['    zonefile-load: none', '    journal-content: all']
        : [`    zonefile-load: ${zone.fromFile === true ? 'difference' : 'whole'}`, '    journal-content: changes']),
    ...(from.length > 0 ? [`    master: [${from.join(', ')}]`] : []),
    ...(notify.length > 0 ? [`    notify: [${notify.join(', ')}]`] : []),
    // Older versions wait a second before they notify, whatever their configuration.
    ...(notify.length > 0 && isAtLeast(version, '3.4') ? ['    notify-delay: 0'] : []),
    ...(zone.zonemd === true ? [zone.text === undefined ? '    zonemd-verify: on' : '    zonemd-generate: zonemd-sha384'] : []),
    ...(zone.signed === true ? ['    dnssec-signing: on', '    dnssec-policy: signed'] : []),
  ]
  return `${lines.join('\n')}\n`
}
