/** The settings of control channels of nodes, and of what the hub does with them by itself. */
import { z } from 'zod'
import { ADDRESS_HINT } from './address.js'
import { address, apiUrl, count, duration, section, text } from './setting-types.js'

const file = () => text('write the path of a file').optional()

export const controlSchema = section({
  nsd: address(8952)
    .optional()
    .describe(`Address of nsd-control over TLS: ${ADDRESS_HINT.slice(6)}; default port: 8952.`),
  rndc: address(953)
    .optional()
    .describe(`Address of the control channel of BIND: ${ADDRESS_HINT.slice(6)}; default port: 953.`),
  powerdns: apiUrl().optional().describe('URL of the web server of PowerDNS, http:// or https://.'),
  knot: text('write the path of a Unix socket')
    .optional()
    .describe('Control socket of Knot, local or forwarded from the node, relative to the config file.'),
  ca: file().describe('For nsd: nsd_server.pem of the node; for powerdns with https: the CAs of its certificate.'),
  cert: file().describe("For nsd: nsd_control.pem, the hub's certificate."),
  certKey: file().describe('For nsd: nsd_control.key, the private key of cert; only its owner may read it.'),
  key: text('write the name of a key')
    .optional()
    .describe('For rndc: the key of the channel, one of keys; its name on the wire has no effect.'),
  apiKeyFile: file().describe('For powerdns: a file that holds the api-key of pdns.conf; only its owner may read it.'),
})

const DEFAULT_AFTER_MS = 600_000

export const unstickSchema = z
  .preprocess(
    (value) => (value === 'off' ? { after: '0s' } : value),
    z.strictObject(
      {
        after: duration()
          .default(DEFAULT_AFTER_MS)
          .describe('How long a node must stay stuck, loop on one version or have other content; 0s: never.'),
        atOnce: count(1)
          .default(1)
          .describe('Nodes of one cloud that are forced at once, by the hub itself and by orders; never all nodes of a cloud.'),
      },
      { error: (issue) => (issue.code === 'invalid_type' ? 'write off or a map of settings' : undefined) },
    ),
  )
  .prefault({})
  .describe('A node with a control channel that does not get on by itself is forced once per version; off: never.')
