/** The weakest TSIG keys that the hub uses. */
import { z } from 'zod'
import { algorithm, count, section } from './setting-types.js'

export const tsigSchema = section({
  lowestAlgorithm: algorithm()
    .default('hmac-sha256')
    .describe('The weakest algorithm without a finding; order: hmac-md5, hmac-sha1, -sha224, -sha256, -sha384, -sha512.'),
  leastSecretBits: count(8)
    .default(128)
    .describe('The shortest secret without a finding, in bits; 128 bits cannot be found by trying.'),
  weaker: z
    .enum(['warn', 'refuse'], { error: 'write warn or refuse' })
    .default('warn')
    .describe('A weaker key is a warning (warn), or the config is refused (refuse).'),
})
  .prefault({})
  .describe('Limits on the strength of TSIG keys (RFC 8945).')
