/** How TLS settings are written: of the transfer server (RFC 9103), of the API, and of each primary, hub and node. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { listenAddress, listOf, parsed, section, text } from './setting-types.js'

const path = () => text('write the path of a file')

/** An octet string of SHA-256 in base64. */
const PIN_OCTETS = createHash('sha256').digest().length
const PIN_HINT = 'write the SHA-256 of its public key in base64, as RFC 7858 §4.2 has it'

export const pin = () =>
  z.union([onePin(), z.array(onePin(), { error: PIN_HINT }).min(1, { error: PIN_HINT })], { error: PIN_HINT })
const onePin = () => parsed(PIN_HINT, (value) => (isPin(value) ? value : undefined))
const isPin = (value: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(value) && Buffer.from(value, 'base64').length === PIN_OCTETS

/** A DNS name or an IP address, as a certificate names it. */
export const certificateName = () =>
  parsed('write the name in its certificate, such as hm2.example', (value) => {
    const name = value.toLowerCase().replace(/\.$/, '')
    return /^[a-z0-9_*:]([a-z0-9_.*:-]*[a-z0-9:])?$/.test(name) ? name : undefined
  })

const name = () => certificateName().optional()

export const serverTlsSchema = section({
  listen: listOf(listenAddress(853), 'addresses')
    .optional()
    .describe('Addresses for queries of nodes and NOTIFYs of primaries over TLS; default: none, the hub is only a client.'),
  cert: path().describe(
    "File with the hub's certificate and its chain, PEM; shown to nodes, and to primaries and peer hubs that ask for one.",
  ),
  key: path().describe('File with the private key of the certificate, PEM; only its owner may read it.'),
  clientCa: path().optional().describe('File with the CAs that issue the certificates of nodes and peer hubs, PEM.'),
})

export const apiTlsSchema = section({
  cert: path().describe('File with the certificate of the API and its chain, PEM; SIGHUP reads it again.'),
  key: path().describe('File with the private key of the certificate, PEM; only its owner may read it.'),
  clientCa: path().optional().describe('File with the CAs that issue the client certificates of api.clients, PEM.'),
})

const peerTls = (withoutCa: string) =>
  section({
    name: name().describe('Name that its certificate must have.'),
    ca: path().optional().describe(`File with the CAs that may issue its certificate, PEM; default: ${withoutCa}.`),
    pin: pin()
      .optional()
      .describe('SHA-256 of its public key in base64, or a list of them; without a name neither CA nor expiry matters.'),
  })

export const primaryTlsSchema = peerTls('the public CAs of Node.js, with a finding')
export const hubTlsSchema = peerTls('transfer.tls.clientCa')

export const nodeTlsSchema = section({
  name: name().describe('Name that the client certificate of the node must have, issued by transfer.tls.clientCa.'),
  pin: pin().optional().describe('SHA-256 of the public key of its certificate in base64, or a list of them.'),
  ca: path()
    .optional()
    .describe('File with the CAs of the certificate that it shows to a NOTIFY, PEM; default: transfer.tls.clientCa.'),
  notify: z
    .int({ error: 'write the port, such as 853' })
    .min(1, { error: 'write the port, such as 853' })
    .max(65_535, { error: 'write the port, such as 853' })
    .optional()
    .describe('Port on which the node takes NOTIFY over TLS; default: NOTIFY goes over UDP.'),
})

export type RawPeerTls = z.output<typeof primaryTlsSchema>
