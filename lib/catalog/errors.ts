/** Errors of catalog zones (RFC 9432). */
import { type NextMove, ZonecastError } from '../errors.js'

export type CatalogFault = { code: 'CATALOG_BROKEN'; catalog: string; reason: string }

export class CatalogError extends ZonecastError<CatalogFault> {
  override readonly name = 'CatalogError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
