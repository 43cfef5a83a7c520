/** The configuration of one node in the words of its make: a head, a text for each zone. Secrets are in files that an operator makes. */
import { BIND, CONTROL_KEY } from './bind.js'
import { KNOT } from './knot.js'
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'
import { needsCa, type NodeSetup, type Part, tlsFiles, type Words, ZONECAST, type ZoneOfNode } from './node-setup.js'
import { NSD } from './nsd.js'
import { plainName } from './plain-names.js'
import { apiKeyFile, POWERDNS, secretFile } from './powerdns.js'
import { isAtLeast, XOT_FROM } from './server-version.js'

export const WORDS: Readonly<Record<Make, Words>> = { nsd: NSD, bind: BIND, knot: KNOT, powerdns: POWERDNS }

export class NodeConfiguration {
  readonly #setup: NodeSetup
  readonly #words: Words
  readonly #part: Part
  /** Why a catalog is not used, although the hub publishes one for the node. */
  readonly #lack: string | undefined

  constructor(setup: NodeSetup, part: Part = 'all') {
    this.#words = WORDS[setup.make]
    this.#lack = setup.catalog === undefined ? undefined : this.#words.catalogLack(setup)
    this.#setup = this.#lack === undefined ? setup : { ...setup, catalog: undefined }
    this.#part = part
  }

  get head(): string {
    const { links, server } = this.#words
    const zones = this.#hasZones ? this.#asPart(links(this.#setup)) : ''
    return `${this.#comments()}${this.#part === 'zones' ? '' : server(this.#setup)}${zones}`
  }

  /** The catalog that the server consumes for its zones. */
  get catalog(): ZoneName | undefined {
    return this.#setup.catalog
  }

  get #hasZones(): boolean {
    return this.#part !== 'server'
  }

  /** Empty for a member of the node's catalog, and in the part `server`. */
  zone(zone: ZoneOfNode): string {
    const isMember = this.#setup.catalog !== undefined && !zone.isCatalog
    return isMember || !this.#hasZones ? '' : this.#asPart(this.#words.zone(this.#setup, zone))
  }

  /** PowerDNS reads no zones from its file: the commands are comments there. */
  #asPart(text: string): string {
    return this.#setup.make === 'powerdns' && this.#part === 'all' ? text.replace(/^(?=.)/gm, '# ') : text
  }

  #comments(): string {
    const { node, make, version, hubs } = this.#setup
    const { product } = this.#words
    const lack = this.#lack === undefined ? [] : [`${this.#lack}: the zones are listed, so render again when they change.`]
    const lines = [
      `${product} on node ${node}: its zones from ${hubs.map(({ id }) => id).join(' and ')}. Made by "zonecast render ${node}".`,
      version === undefined
        ? `For ${product} ${this.#assumes} or newer; --server-version renders for an older one.`
        : `For ${product} ${version}.`,
      ...lack,
      ...this.#hubComments(),
      ...this.#tlsComments(),
      ...this.#keyComments(),
      ...this.#controlComments(),
      ...(make === 'powerdns' && this.#part === 'all'
        ? [`The zones are in the database: "zonecast render ${node} --part zones" prints the commands below for the shell.`]
        : []),
    ]
    return `${lines.map((line) => `# ${line}\n`).join('')}`
  }

  get #assumes(): string {
    const { assumes } = this.#words
    const from = this.#setup.tls && XOT_FROM[this.#setup.make]
    return from === undefined || isAtLeast(assumes, from) ? assumes : from
  }

  #hubComments(): string[] {
    const { leftOut = [], tls } = this.#setup
    const why = tls === undefined ? 'it serves over TLS, and this node has no tls' : 'it has no tls in hubs, and this node has'
    return leftOut.map((hub) => `Hub ${hub} is left out: ${why}.`)
  }

  /** The files that TLS needs on the node. */
  #tlsComments(): string[] {
    const { tls, folder } = this.#setup
    if (tls === undefined || !this.#hasZones) return []
    const { user, folder: usual } = this.#words
    const files = tlsFiles(folder ?? usual)
    return [
      'Transfers go over TLS only. The server reads these files, which you copy to the node:',
      ...(needsCa(this.#setup) ? [`  ${files.ca}: the CA certificates of the hubs`] : []),
      ...(tls.hasCertificate
        ? [`  ${files.cert}: the certificate of this node`, `  ${files.key}: its key; chmod 600, chown ${user}`]
        : []),
    ]
  }

  #keyComments(): string[] {
    const { key, folder } = this.#setup
    const { user, folder: usual, keyFile } = this.#words
    if (key === undefined || !this.#hasZones) return []
    const file = keyFile === undefined ? secretFile(this.#setup) : `${folder ?? usual}/${ZONECAST}.key`
    return [
      `The secret of ${plainName(key.name)} is in a file that you make once: paste the secret in base64, then Enter and Ctrl-D.`,
      `  ${keyCommand(keyFile?.(key), file)}`,
      `  chown ${user} ${file}`,
    ]
  }

  /** Credentials of the control channel that are no files of the server's own tools. */
  #controlComments(): string[] {
    const { control, folder } = this.#setup
    const { user, folder: usual, keyFile } = this.#words
    if (this.#part === 'zones') return []
    if (control?.kind === 'bind') {
      const file = `${folder ?? usual}/${CONTROL_KEY}`
      return [
        `The secret of ${plainName(control.key.name)}, for the control channel, is in another one:`,
        `  ${keyCommand(keyFile!(control.key), file)}`,
        `  chown ${user} ${file}`,
      ]
    }
    if (control?.kind === 'powerdns') {
      const file = apiKeyFile(this.#setup)
      return [
        'The key of the API is in a file that you make in the same way:',
        `  mkdir -p ${file.replace(/\/[^/]*$/, '')}`,
        `  ${keyCommand('api-key=%s\\n', file)}`,
        `  chown ${user} ${file}`,
      ]
    }
    if (control?.kind === 'knot')
      return [
        'Zones that are added by the control socket stay only in a configuration database: import this file, and run knotd -C.',
        `  knotc -C ${folder ?? usual}/confdb conf-import FILE`,
      ]
    return []
  }
}

/** A shell command that reads the secret from its standard input, so that no list of processes shows it. */
const keyCommand = (template: string | undefined, file: string): string =>
  template === undefined ? `(umask 077; cat > ${file})` : `(umask 077; printf '${template}' "$(cat)" > ${file})`
