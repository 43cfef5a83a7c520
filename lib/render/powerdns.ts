/**
 * PowerDNS as a node: settings in pdns.conf, zones and keys in its database, which `pdnsutil` fills. The verbs of pdnsutil are
 * those of 4.x, which 5.x takes too. Catalogs since 4.7, whose members get no TSIG key. IXFR stays off, as by default: PowerDNS
 * applies differences that do not fit.
 */
import { endpointText } from '../dns/endpoint.js'
import { controllersOf, type KeySetup, type NodeSetup, sendersOf, type Words, ZONECAST, type ZoneOfNode } from './node-setup.js'
import { plainName } from './plain-names.js'
import { isAtLeast } from './server-version.js'

const FOLDER = '/var/lib/powerdns'
const CATALOGS_SINCE = '4.7'

export const POWERDNS: Words = {
  product: 'PowerDNS',
  user: 'pdns',
  folder: FOLDER,
  assumes: CATALOGS_SINCE,
  server,
  links,
  zone,
  keyFile: undefined,
  catalogLack: ({ version, key }) => {
    if (version !== undefined && !isAtLeast(version, CATALOGS_SINCE))
      return `PowerDNS ${version} consumes no catalogs (${CATALOGS_SINCE} does)`
    return key === undefined ? undefined : 'PowerDNS gives members of a catalog no TSIG key'
  },
}

function server(setup: NodeSetup): string {
  const { listen, sources, key, control } = setup
  const folder = setup.folder ?? FOLDER
  const senders = sendersOf(setup).join(',')
  return lines([
    'launch=lmdb                       # or another backend that stores zones: gsqlite3, gmysql, gpgsql',
    `lmdb-filename=${folder}/zones.lmdb`,
    ...(setup.folder === undefined ? [] : [`socket-dir=${folder}`]),
    `local-address=${listen.map(endpointText).join(',')}`,
    'local-address-nonexist-fail=no    # service addresses may be missing for a while',
    `query-local-address=${sources.join(',')}`,
    'secondary=yes',
    `allow-notify-from=${senders}`,
    // With a key, zones allow transfers to the key.
    `allow-axfr-ips=${key === undefined ? senders : ''}`,
    'zone-cache-refresh-interval=60    # by default 300 s: a new zone is refused for so long',
    'xfr-max-received-mbytes=0         # by default a transfer ends at 100 MB',
    ...(control?.kind === 'powerdns'
      ? [
          'api=yes',
          'webserver=yes',
          `webserver-address=${control.at.ip}`,
          `webserver-port=${control.at.port}`,
          `webserver-allow-from=${controllersOf(setup, control.at).join(',')}`,
          `include-dir=${includeDir(setup)}   # the key of the API is in a file there`,
        ]
      : []),
  ])
}

/** Arguments of every pdnsutil: none by the package's own folders. */
const pdnsutil = ({ folder }: NodeSetup): string => (folder === undefined ? 'pdnsutil' : `pdnsutil --config-dir=${folder}`)

function links(setup: NodeSetup): string {
  const { key } = setup
  if (key === undefined) return ''
  return lines([`${pdnsutil(setup)} import-tsig-key ${quoted(key.name)} ${key.algorithm} "$(cat ${secretFile(setup)})"`])
}

/** The file of the key of the API, which pdns.conf includes. */
export const apiKeyFile = (setup: NodeSetup): string => `${includeDir(setup)}/zonecast-api-key.conf`

const includeDir = ({ folder }: NodeSetup): string => (folder === undefined ? '/etc/powerdns/pdns.d' : `${folder}/pdns.d`)

export const secretFile = ({ folder }: NodeSetup): string => `${folder ?? FOLDER}/${ZONECAST}.secret`

function zone(setup: NodeSetup, { name }: ZoneOfNode): string {
  const { hubs, catalog, key } = setup
  const util = pdnsutil(setup)
  return lines([
    `${util} create-secondary-zone ${quoted(name)} ${hubs.map(({ address }) => endpointText(address)).join(' ')}`,
    ...(name === catalog ? [`${util} set-kind ${quoted(name)} consumer`] : []),
    ...(key === undefined ? [] : keyOf(util, name, key)),
  ])
}

/** `secondary`: signs queries to the hubs; `primary`: allows transfers to them. */
const keyOf = (util: string, name: string, key: KeySetup): string[] =>
  ['secondary', 'primary'].map((side) => `${util} activate-tsig-key ${quoted(name)} ${quoted(key.name)} ${side}`)

/** For the shell: a plain name has no quote. */
const quoted = (name: string): string => `'${plainName(name)}'`

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`
