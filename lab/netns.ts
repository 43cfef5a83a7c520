/** A command line inside a network namespace. The namespaces themselves are made by whoever has a use for them (test/world). */
import { type Command, commandOf } from './program.js'

/** The program by its path; within the namespace, where one is named. `ip netns exec` becomes the program: the process id is its. */
export function commandIn(netns: string | undefined, program: string, args: readonly string[]): Command {
  const [path, words] = commandOf(program, args)
  return netns === undefined ? [path, words] : commandOf('ip', ['netns', 'exec', netns, path, ...words])
}
