/**
 * The journal of systemd: whether standard error is connected to it (systemd.exec(5), JOURNAL_STREAM), and the priority at the
 * beginning of each line, as sd-daemon(3) defines it.
 */
import { fstatSync } from 'node:fs'

/** Priorities of syslog(3) by level of the log. */
const PRIORITIES: Readonly<Record<number, number>> = { 60: 2, 50: 3, 40: 4, 30: 6, 20: 7, 10: 7 }
const INFO = 6

/** `stream`: the value of JOURNAL_STREAM, `DEVICE:INODE`. A program that redirects its output inherits the variable too. */
export function isJournal(stream: string | undefined, fd = 2): boolean {
  const [, device, inode] = /^(\d+):(\d+)$/.exec(stream ?? '') ?? []
  if (device === undefined || inode === undefined) return false
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return dev === BigInt(device) && ino === BigInt(inode)
  } catch {
    return false
  }
}

/** `<3>` for an error. `level`: that of pino. */
export const priorityOf = (level: number): string => `<${PRIORITIES[level] ?? INFO}>`
