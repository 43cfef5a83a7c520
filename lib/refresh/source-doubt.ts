/**
 * Decides if a primary may be asked for a difference to the newest version. A difference belongs to the content from which it was
 * made, which a serial does not identify: a primary that was restored from a backup uses the same serials again. Pure.
 */
import type { PrimaryCell } from '../state/tables.js'
import type { Version } from '../store/version.js'

/** Source of a version that no primary has. */
export const ROLLED_BACK = 'rollback'

/**
 * `rollback`: no primary has the current content · `conflict`: other content is known under the current serial · `not-compared`:
 * the version came from another primary · `restored`: the primary went back, changed its content under one serial, or was not
 * polled for a while · `misfit`: a difference from this primary failed before.
 */
export type SourceDoubt = 'rollback' | 'conflict' | 'not-compared' | 'restored' | 'misfit'

export const DOUBTS: Readonly<Record<SourceDoubt, string>> = {
  rollback: 'the current version is a rollback, which no primary has',
  conflict: 'the current serial has a conflicting version',
  'not-compared': 'its content was never compared with the current version',
  misfit: 'its difference to the current version failed before',
  restored: 'it may have been restored from a backup since its content was last compared',
}

/** Undefined when the primary is known to have served exactly this content, without a later contradiction. */
export function sourceDoubt(
  version: Pick<Version, 'from' | 'sources'>,
  hasConflict: boolean,
  primary: string,
  cell: Pick<PrimaryCell, 'brokenAt'> | undefined,
): SourceDoubt | undefined {
  if (version.from === ROLLED_BACK) return 'rollback'
  if (hasConflict) return 'conflict'
  return contentDoubt(version, primary, cell)
}

/** As sourceDoubt, only for the content of one version. */
export function contentDoubt(
  { sources }: Pick<Version, 'sources'>,
  primary: string,
  cell: Pick<PrimaryCell, 'brokenAt'> | undefined,
): 'not-compared' | 'restored' | undefined {
  const provedAt = Object.hasOwn(sources, primary) ? sources[primary] : undefined
  if (provedAt === undefined) return 'not-compared'
  return cell?.brokenAt !== undefined && cell.brokenAt > provedAt ? 'restored' : undefined
}
