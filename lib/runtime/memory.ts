/** The memory that this process may use. */
import { totalmem } from 'node:os'

/** Octets: the machine's memory, or the limit of a container or service manager (cgroups) when that is less. */
export function usableMemory(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
