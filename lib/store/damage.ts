/** Sets a damaged zone aside: its folder gets another name, and the orders of operators are saved from it. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { ZoneName } from '../dns/name.js'
import type { ZoneOrders } from '../rollout/record.js'
import { salvageOrders } from './journal-file.js'

export interface Damage {
  zone: ZoneName
  reason: string
  /** The folder's name now. */
  setAside: string
}

/** Throws the error of the file system when the folder cannot be renamed, or its orders cannot be read: then it is as it was. */
export function setAside(zone: ZoneName, directory: string, reason: string): { damage: Damage; orders: ZoneOrders | undefined } {
  const orders = salvageOrders(join(directory, 'journal'))
  const aside = `${directory}.damaged-${Date.now()}`
  renameSync(directory, aside)
  return { damage: { zone, reason, setAside: aside }, orders }
}
