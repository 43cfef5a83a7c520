/** Checks the owner of a directory: the owner, and all users with write permission, decide its contents. */
import { chmodSync, statSync } from 'node:fs'
import { StoreError } from './errors.js'

/**
 * The directory must belong to the user of this process, or to root as a mounted volume does, and be closed to others. One of
 * this user that is open to its group, as a umask of 002 leaves it, is closed. Throws StoreError STORE_NOT_OURS.
 */
export function expectOurs(directory: string): void {
  const me = process.getuid?.()
  if (me === undefined) return
  const { uid, gid, mode } = statSync(directory)
  if (uid !== me && uid !== 0) throw notOurs(directory, `belongs to user ${uid}, not to ${me}`)
  if (uid === me && (mode & 0o022) !== 0) {
    chmodSync(directory, mode & 0o7755)
    return
  }
  const groups = [process.getgid?.(), ...(process.getgroups?.() ?? [])]
  const isOurGroup = (mode & 0o020) === 0 || groups.includes(gid)
  if ((mode & 0o002) !== 0 || !isOurGroup) throw notOurs(directory, 'can be written by others')
}

const notOurs = (directory: string, why: string): StoreError =>
  new StoreError({ code: 'STORE_NOT_OURS', directory }, `${directory} ${why}: chown it to the user of the hub, and chmod 750 it`)
