/** The hubs that a node asks: their addresses for its families and, over TLS, how it recognizes each. */
import { X509Certificate } from 'node:crypto'
import type { Endpoint } from '../dns/endpoint.js'
import { RenderError } from './errors.js'
import { type HubProof, type HubSetup, isV6 } from './node-setup.js'

export interface HubsOfConfig {
  hub: string
  transfer: {
    listen: readonly Endpoint[]
    source: readonly string[]
    /** `cert`: the certificate of this hub and its chain, PEM. */
    tls: { listen: readonly Endpoint[]; cert: string } | undefined
  }
  hubs: ReadonlyMap<string, { id: string; address: Endpoint; tls: HubProof | undefined }>
}

/** A node with `tls` is served over TLS only. */
export interface AskingNode {
  id: string
  paths: readonly Endpoint[]
  tls: object | undefined
}

/** `leftOut`: peer hubs of which no address is known that fits, with or without TLS. */
export interface HubsOfNode {
  hubs: HubSetup[]
  leftOut: string[]
}

/** This hub first. Throws RenderError. */
export function hubsFor(config: HubsOfConfig, { id, paths, tls }: AskingNode): HubsOfNode {
  const { hub, hubs, transfer } = config
  const isSecure = tls !== undefined
  const families = [...new Set(paths.map(({ ip }) => isV6(ip)))]
  const own = families.map((v6) => ownAddress(config, v6, isSecure)).find((address) => address !== undefined)
  if (own === undefined)
    throw new RenderError(
      { code: 'RENDER_NO_HUB_ADDRESS', node: id },
      isSecure
        ? `no address of this hub is known that node ${id} can ask over TLS: list an address in transfer.tls.listen, or set transfer.source`
        : `no address of this hub is known that node ${id} can ask: set transfer.source, or list an address in transfer.listen`,
    )
  const sources = transfer.source.filter((ip) => isV6(ip) === isV6(own.ip))
  const peers = [...hubs.values()].filter((peer) => peer.id !== hub && families.includes(isV6(peer.address.ip)))
  // The address of a peer hub is for TLS where it has `tls`, and for the clear where not.
  const [fit, others] = [true, false].map((does) => peers.filter((peer) => ((peer.tls !== undefined) === isSecure) === does))
  return {
    hubs: [
      { id: hub, address: own, senders: [...new Set([own.ip, ...sources])], ...(isSecure ? { tls: ownProof(config, id) } : {}) },
      ...fit!.map(({ id: peer, address, tls: proof }) => ({
        id: peer,
        address,
        senders: [address.ip],
        ...(proof === undefined ? {} : { tls: { name: proof.name, pins: proof.pins } }),
      })),
    ],
    leftOut: others!.map((peer) => peer.id),
  }
}

/** Its address for peer hubs, or an address that it listens on; behind a wildcard, another known address of the family. */
function ownAddress({ hub, hubs, transfer }: HubsOfConfig, v6: boolean, isSecure: boolean): Endpoint | undefined {
  const entry = hubs.get(hub)
  const named = entry !== undefined && isV6(entry.address.ip) === v6 ? entry.address : undefined
  if (named !== undefined && (entry!.tls !== undefined) === isSecure) return named
  const all = isSecure ? (transfer.tls?.listen ?? []) : transfer.listen
  const listens = all.filter(({ ip, port }) => isV6(ip) === v6 && port !== 0)
  const listen = listens.find(({ ip }) => !WILDCARDS.includes(ip))
  if (listen !== undefined) return listen
  const ip = named?.ip ?? transfer.source.find((source) => isV6(source) === v6)
  return ip === undefined || listens[0] === undefined ? undefined : { ip, port: listens[0].port }
}

const WILDCARDS: readonly string[] = ['0.0.0.0', '::']

/** The proof that peer hubs ask for, else a name in the certificate. */
function ownProof({ hub, hubs, transfer }: HubsOfConfig, node: string): HubProof {
  const known = hubs.get(hub)?.tls
  if (known !== undefined) return { name: known.name, pins: known.pins }
  const name = transfer.tls && nameIn(transfer.tls.cert)
  if (name === undefined)
    throw new RenderError(
      { code: 'RENDER_TLS', node },
      `the certificate of this hub has no DNS name that node ${node} can check: write one with a subjectAltName into transfer.tls.cert, or set hubs.${hub}.tls.name`,
    )
  return { name, pins: [] }
}

/** The first name among the alternative names that is no wildcard, else the common name (RFC 6125 §6.4). */
function nameIn(pem: string): string | undefined {
  const { subject, subjectAltName } = new X509Certificate(pem)
  const names = [
    ...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,\s]+)/g),
    ...(subjectAltName === undefined ? (subject ?? '').matchAll(/^CN=(\S+)$/gm) : []),
  ].map(([, name]) => name!)
  return names.find((name) => /^[a-z0-9_][a-z0-9_.-]*$/i.test(name))
}
