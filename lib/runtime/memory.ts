/** How much memory this process may use. */
import { totalmem } from 'node:os'

/** Octets: the machine's memory, or what a container or service manager allows (cgroups) where that is less. */
export function usableMemory(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
