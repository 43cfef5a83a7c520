/** The share of the machine that other programs used during a measurement, and that none used: times on a busy machine prove little. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Clock ticks per second of /proc (USER_HZ). */
const TICKS = 100

const words = (text: string): number[] => text.trim().split(/\s+/).map(Number)

/** CPU seconds of all programs of the machine. */
function busySeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = words(readFileSync('/proc/stat', 'utf8').split('\n')[0]!)
  return (user + nice + system + irq + soft) / TICKS
}

/** CPU seconds of this process and of its children that have ended. */
function ownSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return words(stat.slice(stat.lastIndexOf(')') + 1).replace(/[A-Z]/, ''))
    .slice(10, 14)
    .reduce((sum, ticks) => sum + ticks / TICKS, 0)
}

/** Percent of all cores since this call; ask when all children have ended. */
export function watchOtherLoad(): () => number {
  const [busy, own, at] = [busySeconds(), ownSeconds(), performance.now()]
  return () => {
    const others = busySeconds() - busy - (ownSeconds() - own)
    return Math.max(0, (100 * others) / (((performance.now() - at) / 1000) * cpus().length))
  }
}

/** Percent of all cores that no program used since this call. */
export function startIdleWatch(): () => number {
  const [busy, at] = [busySeconds(), performance.now()]
  return () => Math.max(0, 100 - (100 * (busySeconds() - busy)) / (((performance.now() - at) / 1000) * cpus().length))
}
