/** Knot as a node: the journal holds the zones, and no zone files are written. Catalogs since 3.0. */
import {
  type HubSetup,
  needsCa,
  type NodeSetup,
  sendersOf,
  sourceTo,
  tlsFiles,
  type Words,
  ZONECAST,
  type ZoneOfNode,
} from './node-setup.js'
import { plainName, printfName, unusualFile } from './plain-names.js'
import { isAtLeast } from './server-version.js'

const FOLDER = '/var/lib/knot'
const CATALOGS_SINCE = '3.0'

export const KNOT: Words = {
  product: 'Knot',
  user: 'knot',
  folder: FOLDER,
  assumes: '3.2',
  server,
  links,
  zone,
  keyFile: (key) => `key:\\n  - id: "${printfName(key.name)}"\\n    algorithm: ${key.algorithm}\\n    secret: %s\\n`,
  catalogLack: ({ version }) =>
    version === undefined || isAtLeast(version, CATALOGS_SINCE)
      ? undefined
      : `Knot ${version} consumes no catalogs (${CATALOGS_SINCE} does)`,
}

const placesOf = (endpoints: NodeSetup['listen']): string => `[${endpoints.map(({ ip, port }) => `${ip}@${port}`).join(', ')}]`

function server({ listen, folder, hubs, control, tls }: NodeSetup): string {
  return lines([
    'server:',
    `    listen: ${placesOf(listen)}`,
    ...(tls === undefined || tls.listen.length === 0 ? [] : [`    listen-tls: ${placesOf(tls.listen)}`]),
    ...(folder === undefined ? [] : [`    rundir: "${folder}"`]),
    ...(hubs.length > 1 ? ['    tcp-remote-io-timeout: 2000   # by default a silent hub delays transfers by five seconds'] : []),
    ...(control?.kind === 'knot' && folder !== undefined ? ['control:', `    listen: "${folder}/knot.sock"`] : []),
    'database:',
    `    storage: "${folder ?? FOLDER}"`,
  ])
}

/** A second section `server` adds to the first one. Without a certificate of its own Knot shows one that it makes. */
function tlsServer(setup: NodeSetup): string[] {
  const { ca, cert, key } = tlsFiles(setup.folder ?? FOLDER)
  const own = setup.tls?.hasCertificate === true ? [`    cert-file: "${cert}"`, `    key-file: "${key}"`] : []
  const settings = [...own, ...(needsCa(setup) ? [`    ca-file: "${ca}"`] : [])]
  return settings.length === 0 ? [] : ['server:', ...settings]
}

const tlsRemote = ({ tls }: HubSetup): string[] =>
  tls === undefined
    ? []
    : [
        '    tls: on',
        tls.name === undefined
          ? `    cert-key: [${tls.pins.map((pin) => `"${pin}"`).join(', ')}]`
          : `    cert-hostname: "${tls.name}"`,
      ]

function links(setup: NodeSetup): string {
  const { folder, hubs, key } = setup
  const place = folder ?? FOLDER
  const keyed = key === undefined ? [] : [`    key: "${plainName(key.name)}"`]
  return lines([
    ...(key === undefined ? [] : [`include: "${place}/${ZONECAST}.key"`]),
    ...tlsServer(setup),
    'remote:',
    ...hubs.flatMap((hub) => {
      const via = sourceTo(setup, hub)
      return [
        `  - id: "${hub.id}"`,
        `    address: ${hub.address.ip}@${hub.address.port}`,
        ...(via === undefined ? [] : [`    via: ${via}`]),
        ...keyed,
        ...tlsRemote(hub),
      ]
    }),
    'acl:',
    `  - id: "${ZONECAST}"`,
    `    address: [${sendersOf(setup).join(', ')}]`,
    ...keyed,
    '    action: [notify, query, transfer]   # transfer: zonecast verify compares contents',
    'template:',
    `  - id: "${ZONECAST}"`,
    `    storage: "${place}"`,
    `    master: [${hubs.map(({ id }) => `"${id}"`).join(', ')}]`,
    `    acl: "${ZONECAST}"`,
    '    zonefile-sync: -1             # the journal holds the zone',
    '    zonefile-load: none',
    '    journal-content: all',
    'zone:',
  ])
}

function zone({ catalog }: NodeSetup, { name }: ZoneOfNode): string {
  const file = unusualFile(name)
  return lines([
    `  - domain: "${plainName(name)}"`,
    `    template: "${ZONECAST}"`,
    ...(file === undefined ? [] : [`    file: "${file}"`]),
    ...(name === catalog ? ['    catalog-role: interpret', `    catalog-template: "${ZONECAST}"`] : []),
  ])
}

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`
