/** Places of a command line and their possible values: the scripts of all shells are made of these. */
import type { CommandFacts } from '../manual/command-facts.js'

/** Values that the hub knows by name. */
export const NAME_KINDS = ['zone', 'node', 'cloud', 'catalog', 'primary'] as const
export type NameKind = (typeof NAME_KINDS)[number]

export type Values =
  | { readonly from: 'hub'; readonly kind: NameKind }
  | { readonly from: 'list'; readonly words: readonly string[] }
  | {
      readonly from: 'files'
    }

export interface Place {
  readonly command: string
  /** The name of an option, or the position of an argument from 0. */
  readonly at: string | number
  readonly values: Values
}

/** Each place with known values. A place without a plan has free text: a serial, a reason. */
export function completionPlaces(commands: readonly CommandFacts[]): Place[] {
  return commands.flatMap((command) => [
    ...command.options.flatMap((option) => {
      const values = valuesOf(option.kind, option.choices)
      return values === undefined ? [] : option.names.map((at) => ({ command: command.name, at, values }))
    }),
    ...command.arguments.flatMap((argument, at) => {
      const values = valuesOf(argument.kind, argument.choices)
      return values === undefined ? [] : [{ command: command.name, at, values }]
    }),
  ])
}

function valuesOf(kind: string | undefined, choices: readonly string[]): Values | undefined {
  if (choices.length > 0) return { from: 'list', words: choices }
  if (kind === 'file') return { from: 'files' }
  const name = NAME_KINDS.find((each) => each === kind)
  return name === undefined ? undefined : { from: 'hub', kind: name }
}

/** Options that take a value, of all commands. */
export const valuedOptions = (commands: readonly CommandFacts[]): string[] =>
  [...new Set(commands.flatMap(({ options }) => options.flatMap(({ kind, names }) => (kind === undefined ? [] : names))))].sort()

export const optionNames = (command: CommandFacts): string[] => [...command.options.flatMap(({ names }) => names), '--help']

/** In single quotes for a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
