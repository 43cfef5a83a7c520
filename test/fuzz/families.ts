/** The families of targets, by their name for `npm run fuzz -- --target NAME`. */
import { openAuditChain } from './audit-chain.js'
import { openConfigText } from './config-text.js'
import { openControlAnswers } from './control.js'
import { openEnvelope } from './envelope.js'
import type { Family } from './family.js'
import { openHttp } from './http.js'
import { openMessages } from './messages.js'
import { openRedisValues } from './redis-values.js'
import { openSampleAnswers } from './sample.js'
import { openZoneText } from './zone-text.js'

export const FAMILIES: Readonly<Record<string, () => Promise<Family>>> = {
  messages: openMessages,
  envelope: openEnvelope,
  http: openHttp,
  config: openConfigText,
  redis: openRedisValues,
  'zone-text': openZoneText,
  audit: openAuditChain,
  control: openControlAnswers,
  sample: openSampleAnswers,
}
