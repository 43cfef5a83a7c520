/** NSD as a node. Catalogs since 4.9 (RFC 9432), one for each server; a database file until 4.7. */
import type { Endpoint } from '../dns/endpoint.js'
import {
  type HubSetup,
  type KeySetup,
  needsCa,
  type NodeSetup,
  sendersOf,
  tlsFiles,
  tlsName,
  type Words,
  ZONECAST,
  type ZoneOfNode,
} from './node-setup.js'
import { plainName, printfName, unusualFile } from './plain-names.js'
import { isAtLeast } from './server-version.js'

const FOLDER = '/var/lib/nsd'
const CATALOGS_SINCE = '4.9'

export const NSD: Words = {
  product: 'NSD',
  user: 'nsd',
  folder: FOLDER,
  assumes: CATALOGS_SINCE,
  server,
  links,
  zone,
  keyFile: (key) => `key:\\n    name: "${printfName(key.name)}"\\n    algorithm: ${key.algorithm}\\n    secret: "%s"\\n`,
  catalogLack: ({ version }) =>
    version === undefined || isAtLeast(version, CATALOGS_SINCE)
      ? undefined
      : `NSD ${version} consumes no catalogs (${CATALOGS_SINCE} does)`,
}

const at = ({ ip, port }: Endpoint): string => `${ip}@${port}`
const keyName = (key: KeySetup | undefined): string => (key === undefined ? 'NOKEY' : plainName(key.name))

function server(setup: NodeSetup): string {
  const { listen, sources, hubs, version, control } = setup
  const folder = setup.folder ?? FOLDER
  const elsewhere = listen.some(({ ip }) => !sources.includes(ip))
  return lines([
    'server:',
    ...listen.map((address) => `    ip-address: ${at(address)}`),
    ...tlsListen(setup),
    ...(elsewhere ? ['    ip-freebind: yes              # service addresses may be missing for a while'] : []),
    `    zonesdir: "${folder}"`,
    `    zonelistfile: "${folder}/zone.list"`,
    `    xfrdfile: "${folder}/xfrd.state"`,
    ...(setup.folder === undefined ? [] : [`    xfrdir: "${folder}"`, `    pidfile: "${folder}/nsd.pid"`]),
    ...(version !== undefined && !isAtLeast(version, '4.8') ? ['    database: ""'] : []),
    '    zonefiles-write: 60           # by default an hour: a restart within it loses every new zone while no hub answers',
    '    xfrd-reload-timeout: 0        # a new version is served at once; the default waits a second',
    ...(hubs.length > 1 ? ['    tcp-timeout: 3                # by default a silent hub delays transfers by two minutes'] : []),
    ...(control?.kind === 'nsd' ? remoteControl(control.at, setup.folder) : []),
  ])
}

/** For NOTIFY over TLS. */
function tlsListen({ tls, folder }: NodeSetup): string[] {
  const [first] = tls?.listen ?? []
  if (first === undefined) return []
  const { cert, key } = tlsFiles(folder ?? FOLDER)
  return [
    ...tls!.listen.map((address) => `    ip-address: ${at(address)}`),
    `    tls-port: ${first.port}`,
    `    tls-service-key: "${key}"`,
    `    tls-service-pem: "${cert}"`,
  ]
}

/** How it recognizes each hub, and what it shows. A second clause `server:` adds to the first one. */
function tlsAuths(setup: NodeSetup): string[] {
  const { tls, hubs, folder } = setup
  if (tls === undefined) return []
  const { ca, cert, key } = tlsFiles(folder ?? FOLDER)
  return [
    ...(needsCa(setup) ? ['server:', `    tls-cert-bundle: "${ca}"`] : []),
    ...hubs.flatMap((hub) => [
      'tls-auth:',
      `    name: "${tlsName(hub)}"`,
      `    auth-domain-name: "${hub.tls!.name}"`,
      ...(tls.hasCertificate ? [`    client-cert: "${cert}"`, `    client-key: "${key}"`] : []),
    ]),
  ]
}

/** The certificates are those of nsd-control-setup; the hub has the control key and the server's certificate. */
function remoteControl({ ip, port }: Endpoint, folder: string | undefined): string[] {
  const files = folder ?? '/etc/nsd'
  return [
    `# nsd-control-setup -d ${files} makes the certificates; the hub needs nsd_server.pem, nsd_control.pem and nsd_control.key.`,
    'remote-control:',
    '    control-enable: yes',
    `    control-interface: ${ip}`,
    `    control-port: ${port}`,
    ...['server-key-file', 'server-cert-file', 'control-key-file', 'control-cert-file'].map(
      (setting) => `    ${setting}: "${files}/nsd_${setting.replace('-key-file', '.key').replace('-cert-file', '.pem')}"`,
    ),
  ]
}

function links(setup: NodeSetup): string {
  const { key, hubs, sources } = setup
  const name = keyName(key)
  const senders = sendersOf(setup)
  return lines([
    ...(key === undefined ? [] : [`include: "${setup.folder ?? FOLDER}/${ZONECAST}.key"`]),
    ...tlsAuths(setup),
    'pattern:',
    `    name: "${ZONECAST}"`,
    '    zonefile: "%s.zone"',
    ...hubs.map(
      (hub: HubSetup) => `    request-xfr: ${at(hub.address)} ${name}${hub.tls === undefined ? '' : ` ${tlsName(hub)}`}`,
    ),
    ...senders.map((ip) => `    allow-notify: ${ip} ${name}`),
    ...senders.map((ip) => `    provide-xfr: ${ip} ${name}     # zonecast verify compares contents`),
    ...sources.map((ip) => `    outgoing-interface: ${ip}`),
  ])
}

function zone({ catalog }: NodeSetup, { name }: ZoneOfNode): string {
  const file = unusualFile(name)
  return lines([
    'zone:',
    `    name: "${plainName(name)}"`,
    ...(file === undefined ? [] : [`    zonefile: "${file}"`]),
    `    include-pattern: "${ZONECAST}"`,
    ...(name === catalog ? ['    catalog: consumer', `    catalog-member-pattern: "${ZONECAST}"`] : []),
  ])
}

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`
