/** Errors of the zone store on disk. */
import { type NextMove, ZonecastError } from '../errors.js'

export type StoreFault =
  | { code: 'STORE_CORRUPT'; file: string; reason: string }
  | { code: 'STORE_NEWER_FORMAT'; directory: string; format: number }
  | { code: 'STORE_LOCKED'; directory: string; by: string }
  | { code: 'STORE_LOCK_LOST'; directory: string }
  | { code: 'STORE_NOT_OURS'; directory: string }
  | { code: 'STORE_NOT_OWNED'; zone: string; shard: number }
  | { code: 'STORE_WORKER_NAME'; directory: string; worker: string; by: string }
  | { code: 'STORE_OTHER_HUB'; directory: string; hub: string }
  | { code: 'STORE_UNKNOWN_VERSION'; zone: string; serial: number }
  | { code: 'STORE_MOVED_ON'; zone: string; expected: number | undefined; held: number | undefined }
  | { code: 'STORE_CLOSED'; zone: string }
  | { code: 'STORE_IO'; file: string; errno: string }
  | { code: 'STORE_CONFLICT'; zone: string; serial: number; held: string; offered: string }

/** The next try may succeed without an operator. */
const SOON_BETTER: ReadonlySet<StoreFault['code']> = new Set(['STORE_MOVED_ON', 'STORE_IO', 'STORE_CLOSED', 'STORE_NOT_OWNED'])

export class StoreError extends ZonecastError<StoreFault> {
  override readonly name = 'StoreError'

  override get nextMove(): NextMove {
    return SOON_BETTER.has(this.fault.code) ? 'later' : 'operator'
  }
}

/** Advice for the operator about a file that cannot be read. */
const READ_ADVICE: Readonly<Record<string, string>> = {
  EMFILE: 'the process has no free file descriptor; raise LimitNOFILE',
  ENFILE: 'the machine has no free file descriptor; raise fs.file-max',
  ENOMEM: 'the machine has no free memory; free some',
  EACCES: 'permission denied; give the service user access',
  EIO: 'the disk does not read it; check the disk',
  ENOTDIR: 'a part of the path is not a directory; move that file away',
  ELOOP: 'symbolic links lead in a circle; remove the link',
  EISDIR: 'it is a directory; move it away',
}

/** The system call failed: nothing is known about the content of the file. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string' && 'errno' in error

/** As `ioError`, for a file that cannot be read. The next use tries again. */
export function readError(file: string, cause: NodeJS.ErrnoException): StoreError {
  const errno = cause.code ?? 'EIO'
  const message = `cannot read ${file}: ${READ_ADVICE[errno] ?? `${cause.message}; make it readable`}`
  return new StoreError({ code: 'STORE_IO', file, errno }, message, { cause })
}

/** Wraps an error of the file system, with the file and the advice for the operator. */
export function ioError(file: string, cause: unknown): StoreError {
  const errno = (cause as { code?: string }).code ?? 'EIO'
  const advice: Record<string, string> = {
    ENOSPC: 'the disk is full; free space, nothing half-written is used',
    EROFS: 'the file system is read-only; mount it writable',
    EACCES: 'permission denied; give the service user access',
    ESTALE: 'another worker wrote the file anew meanwhile; it is read again',
  }
  return new StoreError({ code: 'STORE_IO', file, errno }, `cannot write ${file}: ${advice[errno] ?? errno}`, { cause })
}
