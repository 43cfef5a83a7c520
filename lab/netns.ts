/** A command line inside a network namespace. Tests that need namespaces make them (test/world). */
import { type Command, commandOf } from './program.js'

/**
 * The program by its path, inside the namespace if given. `ip netns exec` becomes the program, so the process id is the
 * program's.
 */
export function commandIn(netns: string | undefined, program: string, args: readonly string[]): Command {
  const [path, words] = commandOf(program, args)
  return netns === undefined ? [path, words] : commandOf('ip', ['netns', 'exec', netns, path, ...words])
}
