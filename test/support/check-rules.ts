/** Check rules for fleets in tests: those of an empty config, and none at all. */
import type { CheckSettings, Mode } from '../../lib/checks/check.js'
import { checkSettingsFor, checksSchema } from '../../config/checks-schema.js'
import { parseZoneName } from '../../lib/dns/name.js'
import type { CheckRules } from '../../lib/fleet/fleet.js'

export const defaultChecks = (zone = 'example.'): CheckRules =>
  checkSettingsFor(checksSchema.parse({}), [parseZoneName(zone)])(parseZoneName(zone))

/** Every check off. */
export function noChecks(zone = 'example.'): CheckRules {
  const rules = defaultChecks(zone)
  const off = Object.entries(rules).map(([name, rule]) => [name, { ...rule, mode: 'off' satisfies Mode }])
  return Object.fromEntries(off) as unknown as CheckRules & CheckSettings
}
