/** A command line inside a network namespace. The namespaces themselves are made by whoever has a use for them (test/world). */
import { findProgram } from './available.js'

/** The program by its path; within the namespace, where one is named. `ip netns exec` becomes the program: the process id is its. */
export function commandIn(
  netns: string | undefined,
  program: string,
  args: readonly string[],
): [program: string, args: string[]] {
  const path = findProgram(program) ?? program
  return netns === undefined ? [path, [...args]] : [findProgram('ip') ?? 'ip', ['netns', 'exec', netns, path, ...args]]
}
