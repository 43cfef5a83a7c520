/** Settings of the audit log. */
import { duration, section } from './setting-types.js'

export const auditSchema = section({
  keep: duration()
    .default(400 * 86_400_000)
    .describe('Time for which audit entries are kept; older ones are removed by whole files. At least 1d.'),
})
  .prefault({})
  .describe('The audit log: who did what, when and why. Hash-chained, in the folder audit under dataDir.')
