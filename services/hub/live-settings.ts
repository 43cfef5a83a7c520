/** Settings that a reload changes while the hub runs; its parts keep references to these objects. */
import type { Config } from '../../config/config.js'
import { usableMemory } from '../../lib/runtime/memory.js'

/** Memory for the records of one zone, if a quarter of the available memory would be more. */
const DEFAULT_ZONE_OCTETS = 4 * 2 ** 30

export function liveSettings({ api, approvals, audit, defaults, rollout, webhooks, unstick, verify }: Config) {
  const { limits, notify, observe, keepVersions, keepForMs, keepOctets } = defaults
  return {
    limits: {
      ...limits,
      memory: limits.memory ?? Math.min(DEFAULT_ZONE_OCTETS, usableMemory() / 4),
      hint: 'raise the limit under defaults.limits, or the one of the zone, if that is intended',
    },
    connections: { perServer: limits.transfersPerPrimary, total: limits.transfers },
    memory: { total: limits.totalMemory ?? usableMemory() / 2 },
    retention: { keepVersions, keepForMs, keepOctets },
    notify: { ...notify },
    observe: { ...observe, unknownAfterMissed: defaults.unknownAfterMissed },
    rollout: { ...rollout },
    approvals: { ...approvals },
    /** In force before the rest of a reload, which may take seconds: a removed caller is refused at once. */
    callers: { tokens: api.tokens, clients: api.clients },
    unstick: { ...unstick },
    webhooks: { list: webhooks },
    audit: { ...audit },
    verify: { ...verify },
    compare: { enabled: defaults.comparePrimaries, everyMs: defaults.compareEveryMs },
  }
}

/** Writes the settings of the next config into the objects that the parts keep. */
export function adoptLive(live: ReturnType<typeof liveSettings>, next: Config): void {
  const settings = liveSettings(next)
  for (const name of Object.keys(settings) as (keyof typeof settings)[]) Object.assign(live[name], settings[name])
}
