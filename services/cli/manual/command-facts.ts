/** Plain facts about the commands, for the manual page, completion and docs/reference/cli.md. */
import type { Argument, Command, Option } from 'commander'
import { groupOf } from './command-groups.js'
import { EXAMPLES, type Example } from './examples.js'

export interface ArgumentFacts {
  /** `ZONE`, or `[ZONE]` when it may be left out. */
  readonly label: string
  /** The kind of value, in lower case: `zone`, `node`, `serial`. */
  readonly kind: string
  readonly meaning: string
  readonly choices: readonly string[]
}

export interface OptionFacts {
  /** `-c, --config <file>`. */
  readonly flags: string
  /** `-c` and `--config`. */
  readonly names: readonly string[]
  /** The kind of its value; undefined for an option without a value. */
  readonly kind: string | undefined
  /** With its choices and its default. */
  readonly meaning: string
  readonly effect: string
  readonly choices: readonly string[]
}

export interface CommandFacts {
  readonly name: string
  /** `status [ZONE]`. */
  readonly usage: string
  readonly effect: string
  readonly group: string | undefined
  readonly arguments: readonly ArgumentFacts[]
  readonly options: readonly OptionFacts[]
  readonly example: Example | undefined
}

/** In the order of the names. Hidden commands are left out. */
export function commandFacts(program: Command): CommandFacts[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map(factsOf)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function factsOf(command: Command): CommandFacts {
  const parts = command.registeredArguments.map(argumentFacts)
  return {
    name: command.name(),
    usage: [command.name(), ...parts.map(({ label }) => label)].join(' '),
    effect: command.description(),
    group: groupOf(command.name()),
    arguments: parts,
    options: command.options.filter(({ hidden }) => !hidden).map(optionFacts),
    example: EXAMPLES[command.name()],
  }
}

function argumentFacts(argument: Argument): ArgumentFacts {
  const name = argument.name().toUpperCase()
  return {
    label: argument.required ? name : `[${name}]`,
    kind: argument.name().toLowerCase(),
    meaning: argument.description,
    choices: argument.argChoices ?? [],
  }
}

function optionFacts(option: Option): OptionFacts {
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    kind: /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1],
    meaning: `${option.description}${notesOf(option)}`,
    effect: option.description,
    choices: option.argChoices ?? [],
  }
}

function notesOf({ argChoices, defaultValue, mandatory }: Option): string {
  const hasDefault = defaultValue !== undefined && !(Array.isArray(defaultValue) && defaultValue.length === 0)
  const notes = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(hasDefault ? [`default ${String(defaultValue)}`] : []),
  ]
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`
}
