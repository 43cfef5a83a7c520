/** Reads the control channel of a node: exactly one kind, with all of its parts, from files that fit together. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Endpoint } from '../lib/dns/endpoint.js'
import { isLoopback } from './address.js'
import { type CertificateConfig, certificateAt, opensslObjection } from './certificates.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { quote, readTextFile } from './secrets.js'

/** PEM texts and keys instead of paths. `kind`: the make of the name server. */
export type ControlConfig =
  | { kind: 'nsd'; address: Endpoint; ca: string; cert: string; certKey: string }
  | { kind: 'bind'; address: Endpoint; key: string }
  | { kind: 'powerdns'; url: string; apiKey: string; ca: string | undefined }
  | { kind: 'knot'; path: string }

type RawNode = Pick<RawConfig['nodes'][string], 'control' | 'kind'>
type RawControl = NonNullable<RawNode['control']>

/** The setting that names the place of each kind, its other parts, and the make that it belongs to. */
const KINDS = {
  nsd: { make: 'nsd', needs: ['ca', 'cert', 'certKey'], may: [] },
  rndc: { make: 'bind', needs: ['key'], may: [] },
  powerdns: { make: 'powerdns', needs: ['apiKeyFile'], may: ['ca'] },
  knot: { make: 'knot', needs: [], may: [] },
} as const
type Kind = keyof typeof KINDS
const PARTS = ['ca', 'cert', 'certKey', 'key', 'apiKeyFile'] as const

/** Octets of a socket's path (unix(7)). */
const MAX_SOCKET_PATH = 107
const MAX_PEM_OCTETS = 1 << 16

/** Undefined where there is none, or where a mistake was reported. `certificates` gets those that it reads. */
export function resolveControl(
  folder: string,
  id: string,
  node: RawNode,
  report: Report,
  certificates: CertificateConfig[],
): ControlConfig | undefined {
  const { control, kind: make } = node
  if (control === undefined) return undefined
  const at: SettingPath = ['nodes', id, 'control']
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => control[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined) {
    report(
      'CONFIG_MISSING',
      at,
      `the control channel of node "${id}" has no place: write one of ${Object.keys(KINDS).join(', ')}`,
    )
    return undefined
  }
  if (kinds.length > 1) {
    report('CONFIG_VALUE', at, `node "${id}" has ${kinds.length} control channels, ${kinds.join(' and ')}: keep one`)
    return undefined
  }
  const { make: own, needs, may } = KINDS[kind]
  if (make === undefined)
    report('CONTROL_NO_KIND', at, `node "${id}" has a control channel and no kind: write "kind: ${own}" beside it`)
  else if (make !== own) {
    report(
      'CONTROL_KIND',
      [...at, kind],
      `node "${id}" is of kind ${make}, and ${kind} is the control channel of ${own}: correct one of the two`,
    )
    return undefined
  }
  const fits: readonly string[] = [...needs, ...may]
  for (const part of PARTS) {
    if (control[part] !== undefined && !fits.includes(part))
      report('CONFIG_VALUE', [...at, part], `"${part}" does not belong to ${kind}: remove it`)
  }
  const missing = needs.filter((part) => control[part] === undefined)
  for (const part of missing) report('CONFIG_MISSING', at, `"${part}" is missing: ${kind} needs ${needs.join(', ')}`)
  return missing.length > 0 ? undefined : READERS[kind]({ control, folder, at, report, certificates })
}

interface Reading {
  control: RawControl
  folder: string
  at: SettingPath
  report: Report
  certificates: CertificateConfig[]
}
type Reader = (reading: Reading) => ControlConfig | undefined

const READERS: Readonly<Record<Kind, Reader>> = {
  nsd: (reading) => {
    const { control, folder, at, report } = reading
    const ca = readPem('ca', reading)
    const cert = readPem('cert', reading)
    const certKey = readOwnFile(resolve(folder, control.certKey!), [...at, 'certKey'], report)
    if (ca === undefined || cert === undefined || certKey === undefined) return undefined
    const isKey = fits(() => new X509Certificate(cert).checkPrivateKey(createPrivateKey(certKey)))
    if (!isKey) {
      report(
        'CONTROL_FILE',
        [...at, 'certKey'],
        'the file is not the private key of "cert", in PEM: write the path of nsd_control.key',
      )
      return undefined
    }
    const objection = opensslObjection({ ca, cert, key: certKey })
    if (objection !== undefined) {
      report(
        'CONTROL_FILE',
        [...at, 'cert'],
        `OpenSSL refuses the certificates of the channel (${objection}): run nsd-control-setup on the node, and copy its files again`,
      )
      return undefined
    }
    return { kind: 'nsd', address: control.nsd!, ca, cert, certKey }
  },
  rndc: ({ control }) => ({ kind: 'bind', address: control.rndc!, key: control.key! }),
  powerdns: (reading) => {
    const { control, folder, at, report } = reading
    const url = control.powerdns!
    const isHttps = url.startsWith('https:')
    if (control.ca !== undefined && !isHttps)
      report('CONFIG_VALUE', [...at, 'ca'], '"ca" needs an https URL: write one, or remove "ca"')
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
    if (!isHttps && host !== 'localhost' && !isLoopback(host))
      report(
        'WEAK_LINK',
        [...at, 'powerdns'],
        'the key of the API goes in the clear: write an https URL, or forward the port by SSH',
      )
    const apiKey = readOwnFile(resolve(folder, control.apiKeyFile!), [...at, 'apiKeyFile'], report)
    if (apiKey !== undefined && !/^[\x21-\x7e]{1,512}$/.test(apiKey)) {
      report('CONTROL_FILE', [...at, 'apiKeyFile'], 'the file does not hold one word: write the api-key of pdns.conf into it')
      return undefined
    }
    const ca = control.ca === undefined ? undefined : readPem('ca', reading)
    return apiKey === undefined || (control.ca !== undefined && ca === undefined)
      ? undefined
      : { kind: 'powerdns', url, apiKey, ca }
  },
  knot: ({ control, folder, at, report }) => {
    const path = resolve(folder, control.knot!)
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
      report('CONFIG_VALUE', [...at, 'knot'], `the path of the socket has over ${MAX_SOCKET_PATH} octets: use a shorter one`)
      return undefined
    }
    // It may come later: knotd starts, or the forwarding does.
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined)
      report('CONTROL_SOCKET', [...at, 'knot'], `there is no socket ${quote(path)} now: start knotd, or forward its socket`)
    else if (!found.isSocket() && !found.isSymbolicLink())
      report(
        'CONTROL_FILE',
        [...at, 'knot'],
        `${quote(path)} is not a socket: write the path that "control: listen" of knot.conf has`,
      )
    return { kind: 'knot', path }
  },
}

/** A secret in a file. */
function readOwnFile(path: string, at: SettingPath, report: Report): string | undefined {
  const { text, readableBy, reason } = readTextFile(path)
  if (readableBy !== undefined) report('CONFIG_SECRET_READABLE', at, `the secret file is readable by ${readableBy}: chmod 600 it`)
  if (text === undefined || text === '')
    report('CONTROL_FILE', at, `${reason ?? 'the secret file is empty'}: copy it from the node`)
  return text === '' ? undefined : text
}

/** Certificates in PEM, of the file that the setting names. */
function readPem(setting: 'ca' | 'cert', { control, folder, at: parent, report, certificates }: Reading): string | undefined {
  const [path, at] = [resolve(folder, control[setting]!), [...parent, setting]]
  let text: string
  try {
    const found = lstatSync(path)
    if (found.isFile() && found.size > MAX_PEM_OCTETS) throw Object.assign(new Error(), { code: 'EFBIG' })
    text = readFileSync(path, 'latin1')
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    report('CONTROL_FILE', at, `the certificate file ${quote(path)} cannot be read (${errno}): copy it from the node`)
    return undefined
  }
  let certificate: X509Certificate | undefined
  fits(() => (certificate = new X509Certificate(text)))
  if (certificate === undefined) {
    report('CONTROL_FILE', at, `${quote(path)} holds no certificate in PEM: copy it from the node`)
    return undefined
  }
  certificates.push(certificateAt(at, [certificate]))
  return text
}

function fits(check: () => unknown): boolean {
  try {
    return Boolean(check())
  } catch {
    return false
  }
}
