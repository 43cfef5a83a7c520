/** BIND as a node. Catalogs since 9.18, with the words of RFC 9432. Limits on the records of one name since 9.18.28. */
import type { Endpoint } from '../dns/endpoint.js'
import {
  controllersOf,
  type HubSetup,
  isV6,
  type NodeSetup,
  sendersOf,
  tlsFiles,
  tlsName,
  type Words,
  ZONECAST,
  type ZoneOfNode,
} from './node-setup.js'
import { fileOf, plainName, printfName } from './plain-names.js'
import { isAtLeast } from './server-version.js'

const FOLDER = '/var/cache/bind'
/** The file of the key of the control channel. */
export const CONTROL_KEY = 'zonecast-control.key'
const CATALOGS_SINCE = '9.18'

export const BIND: Words = {
  product: 'BIND',
  user: 'bind',
  folder: FOLDER,
  assumes: '9.18.28',
  server,
  links,
  zone: (setup, zone) => `zone "${plainName(zone.name)}" ${zoneOptions(setup, zone)};\n`,
  keyFile: (key) => `key "${printfName(key.name)}" { algorithm ${key.algorithm}; secret "%s"; };\\n`,
  catalogLack: ({ version }) =>
    version === undefined || isAtLeast(version, CATALOGS_SINCE)
      ? undefined
      : `BIND ${version} does not consume catalogs of RFC 9432 (${CATALOGS_SINCE} does)`,
}

/** The statement of a zone without its name: also an argument of `rndc addzone`. */
export function zoneOptions(setup: NodeSetup, { name }: Pick<ZoneOfNode, 'name'>): string {
  return `{ type secondary; file "${fileOf(name)}"; primaries { ${ZONECAST}; }; ${permissions(setup).join(' ')} }`
}

/** For each zone, and for members of a catalog under `options`. */
const permissions = ({ sources }: NodeSetup): string[] => [
  ...sources.map((ip) => `transfer-source${isV6(ip) ? '-v6' : ''} ${ip};`),
  `allow-notify { ${ZONECAST}; };`,
  `allow-transfer { ${ZONECAST}; };`,
]

function server(setup: NodeSetup): string {
  const { version, hubs, control, catalog } = setup
  const folder = setup.folder ?? FOLDER
  return lines([
    ...ownTls(setup),
    ...(control?.kind === 'bind'
      ? [
          `include "${folder}/${CONTROL_KEY}";`,
          `controls { inet ${control.at.ip} port ${control.at.port} allow { ${controllersOf(setup, control.at).join('; ')}; } keys { "${plainName(control.key.name)}"; }; };`,
        ]
      : []),
    'options {',
    `    directory "${folder}";`,
    ...(setup.folder === undefined
      ? []
      : [
          `    pid-file "${folder}/named.pid";`,
          `    session-keyfile "${folder}/session.key";`,
          `    managed-keys-directory "${folder}";`,
          ...(version !== undefined && isAtLeast(version, '9.20') ? [] : ['    lock-file none;']),
        ]),
    ...listenOn(setup),
    '    recursion no;',
    '    notify no;',
    ...permissions(setup).map((text) => `    ${text}`),
    '    serial-query-rate 1000;       // by default 20 a second: new zones wait for their turn',
    '    transfers-in 100;',
    '    transfers-per-ns 100;',
    ...(hubs.length > 1
      ? ['    try-tcp-refresh no;           // by default a silent hub delays transfers by half a minute']
      : []),
    ...(version !== undefined && !isAtLeast(version, '9.18.28')
      ? []
      : ['    max-records-per-type 0;       // by default 100: the hub checks the contents', '    max-types-per-name 0;']),
    ...(control === undefined ? [] : ['    allow-new-zones yes;          // zonecast provision adds zones']),
    ...(catalog === undefined
      ? []
      : [
          `    catalog-zones { zone "${plainName(catalog)}" default-primaries { ${ZONECAST}; } in-memory no min-update-interval 0; };`,
        ]),
    '};',
  ])
}

/** Name of the settings of TLS as a server. */
const OWN_TLS = `${ZONECAST}-node`

/** One statement for each port and family. */
function listenOn({ listen, tls }: NodeSetup): string[] {
  const groups = new Map<string, string[]>()
  const add = ({ ip, port }: Endpoint, more: string): void => {
    const statement = `listen-on${isV6(ip) ? '-v6' : ''} port ${port}${more}`
    groups.set(statement, [...(groups.get(statement) ?? []), ip])
  }
  for (const endpoint of listen) add(endpoint, '')
  for (const endpoint of tls?.listen ?? []) add(endpoint, ` tls "${OWN_TLS}"`)
  const missing = ['listen-on', 'listen-on-v6'].filter((word) => ![...groups.keys()].some((key) => key.startsWith(`${word} `)))
  return [
    ...[...groups].map(([statement, ips]) => `    ${statement} { ${ips.map((ip) => `${ip};`).join(' ')} };`),
    ...missing.map((word) => `    ${word} { none; };`),
  ]
}

/** For NOTIFY over TLS. */
function ownTls({ tls, folder }: NodeSetup): string[] {
  if (tls === undefined || tls.listen.length === 0) return []
  const { cert, key } = tlsFiles(folder ?? FOLDER)
  return [`tls "${OWN_TLS}" { cert-file "${cert}"; key-file "${key}"; protocols { TLSv1.3; }; };`]
}

/** How it recognizes the hub, and what it shows. */
function tlsBlock({ tls, folder }: NodeSetup, hub: HubSetup): string[] {
  if (hub.tls === undefined) return []
  const { ca, cert, key } = tlsFiles(folder ?? FOLDER)
  const own = tls?.hasCertificate === true ? ` cert-file "${cert}"; key-file "${key}";` : ''
  return [`tls "${tlsName(hub)}" { ca-file "${ca}"; remote-hostname "${hub.tls.name}";${own} protocols { TLSv1.3; }; };`]
}

function links(setup: NodeSetup): string {
  const { folder, hubs, key } = setup
  const keyed = key === undefined ? '' : ` key "${plainName(key.name)}"`
  const asked = hubs.map(
    (hub: HubSetup) =>
      `${hub.address.ip} port ${hub.address.port}${keyed}${hub.tls === undefined ? '' : ` tls "${tlsName(hub)}"`};`,
  )
  return lines([
    ...(key === undefined ? [] : [`include "${folder ?? FOLDER}/${ZONECAST}.key";`]),
    ...hubs.flatMap((hub) => tlsBlock(setup, hub)),
    `primaries "${ZONECAST}" { ${asked.join(' ')} };`,
    // Transfers go to the hubs, which compare the contents (zonecast verify).
    `acl "${ZONECAST}" { ${
      key === undefined
        ? sendersOf(setup)
            .map((ip) => `${ip};`)
            .join(' ')
        : `key "${plainName(key.name)}";`
    } };`,
  ])
}

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`
