/** Settings that a reload changes while the hub runs; its parts hold on to these objects. */
import { totalmem } from 'node:os'
import type { Config } from '../config/config.js'

export function liveSettings({ defaults, rollout, webhooks }: Config) {
  const { limits, notify, observe, keepVersions, keepForMs, keepOctets } = defaults
  return {
    limits: { ...limits, hint: 'raise the limit under defaults.limits, or the one of the zone, if that is right' },
    connections: { perServer: limits.transfersPerPrimary, total: limits.transfers },
    memory: { total: limits.totalMemory ?? totalmem() * 0.75 },
    retention: { keepVersions, keepForMs, keepOctets },
    notify: { ...notify },
    observe: { ...observe, unknownAfterLooks: defaults.unknownAfterLooks },
    rollout: { ...rollout },
    webhooks: { list: webhooks },
    compare: { enabled: defaults.comparePrimaries },
  }
}
