/** How keys, primaries and hubs are written. */
import { ADDRESS_HINT } from './address.js'
import { algorithm, listOf, section, serverAddress, text, wireKeyName } from './setting-types.js'
import { hubTlsSchema, primaryTlsSchema } from './tls-schema.js'

export const key = section({
  name: wireKeyName()
    .optional()
    .describe(
      'Key name on the wire, any domain name; default: the name of the entry. Peers may share a name and differ in the secret.',
    ),
  algorithm: algorithm().describe('HMAC algorithm (RFC 8945 §6): hmac-sha1, -sha224, -sha256, -sha384, -sha512, or hmac-md5.'),
  secret: text('write the secret in base64').optional().describe('The shared secret in base64; either this or secretFile.'),
  secretFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the secret in base64, relative to the config file.'),
})

export const keyName = () => text('write the name of a key')
export const keyList = () =>
  listOf(keyName(), 'keys')
    .optional()
    .describe('Instead of key, while it is replaced: the first signs, and each is accepted. The use of the others is reported.')

export const primary = section({
  address: serverAddress().describe(`Address of the primary: ${ADDRESS_HINT.slice(6)}; default port: 53, with tls 853.`),
  key: keyName().optional().describe('TSIG key for queries and transfers; a NOTIFY from the primary must be signed too.'),
  keys: keyList(),
  tls: primaryTlsSchema
    .optional()
    .describe('Queries and transfers go over TLS 1.3 (RFC 9103), and never in the clear; needs name or pin.'),
})

export const hub = section({
  address: serverAddress().describe('Address of its transfer server for peer hubs; default port: 53, with tls 853.'),
  key: keyName()
    .optional()
    .describe('TSIG key between hubs; this or keys. No node may use it, as hubs also get versions that no node may have.'),
  keys: keyList(),
  tls: hubTlsSchema
    .optional()
    .describe('Hubs exchange versions over TLS 1.3, and never in the clear; the peer must have a certificate for this name.'),
})
