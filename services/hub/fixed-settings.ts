/** The settings that a reload cannot change. */
import type { Config } from '../../config/config.js'
import { type NextMove, ZonecastError } from '../../lib/errors.js'

class FixedSettingError extends ZonecastError<{ code: 'CONFIG_FIXED'; setting: string }> {
  override readonly name = 'FixedSettingError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

/** New certificates are accepted; the addresses for TLS are fixed. */
const withoutCertificates = ({ transfer }: Config) => ({ ...transfer, tls: transfer.tls?.listen })

/** The API asks callers for a certificate in the handshake. */
const asksClients = ({ api }: Config): boolean => api.tls?.clientCa !== undefined || api.clients.length > 0

/** Throws FixedSettingError CONFIG_FIXED for the first setting that differs. */
export function expectFixed(before: Config, after: Config): void {
  for (const [what, was, is] of [
    ['hub', before.hub, after.hub],
    ['dataDir', before.dataDir, after.dataDir],
    ['redis', before.redis, after.redis],
    ['api.listen', before.api.listen, after.api.listen],
    ['api.tls', before.api.tls !== undefined, after.api.tls !== undefined],
    ['the first client certificate of the API (api.tls.clientCa, api.clients)', asksClients(before), asksClients(after)],
    ['transfer', withoutCertificates(before), withoutCertificates(after)],
    ['workers', before.workers, after.workers],
  ] as const)
    if (JSON.stringify(was) !== JSON.stringify(is))
      throw new FixedSettingError(
        { code: 'CONFIG_FIXED', setting: what },
        `${what} cannot change while the hub runs: restart zonecast, or restore the old value`,
      )
  if (after.workers.share === 'none') return
  const moved = movedZone(before, after) ?? movedZone(after, before)
  if (moved !== undefined)
    throw new FixedSettingError(
      { code: 'CONFIG_FIXED', setting: 'catalogs' },
      `${moved} cannot change from a zone to a catalog or back while workers share the zones: restart all processes of the hub`,
    )
}

/** A zone of one config that is a catalog of the other: another worker may own it there. */
const movedZone = ({ zones }: Config, { catalogs }: Config): string | undefined =>
  [...catalogs.consumed.keys(), ...catalogs.published.keys()].find((name) => zones.has(name))
