/** Errors of the audit log. */
import { type NextMove, ZonecastError } from '../errors.js'

export type AuditFault = { code: 'AUDIT_NOT_WRITTEN'; folder: string; errno: string } | { code: 'AUDIT_CLOSED' }

export class AuditError extends ZonecastError<AuditFault> {
  override readonly name = 'AuditError'

  override get nextMove(): NextMove {
    return 'later'
  }
}

const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full; free space',
  EDQUOT: 'the quota is used up; free space',
  EROFS: 'the file system is read-only; mount it writable',
  EACCES: 'permission denied; give the user of the hub write access',
  EPERM: 'permission denied; give the user of the hub write access',
  EIO: 'the disk reports an error; replace it',
}

/** The cause with the folder and the advice for the operator. */
export function notWritten(folder: string, cause: unknown): AuditError {
  // An error of a lock file has the one of the file system in its fault.
  const { code, fault } = cause as { code?: string; fault?: { errno?: string } }
  const errno = fault?.errno ?? code ?? 'unknown error'
  return new AuditError(
    { code: 'AUDIT_NOT_WRITTEN', folder, errno },
    `nothing was done: the audit line cannot be written to ${folder}: ${ADVICE[errno] ?? errno}, then repeat the order`,
    { cause },
  )
}
