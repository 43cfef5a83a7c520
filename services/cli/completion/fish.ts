/** The completion script for fish. */
import type { ArgumentFacts, CommandFacts, OptionFacts } from '../manual/command-facts.js'
import { NAME_KINDS } from './completion-plan.js'

export function fishCompletion(commands: readonly CommandFacts[]): string {
  return `# Completion of zonecast for fish, made by "zonecast completion fish".
function __zonecast_names # names of one kind, as the hub has them
    set -l words (commandline -opc)
    set -l hub
    for i in (seq 2 (count $words))
        if contains -- $words[$i] -c --config --url --ca --cert --key; and test $i -lt (count $words)
            set -a hub $words[$i] $words[(math $i + 1)]
        end
    end
    $words[1] $hub complete-names $argv[1] -- (commandline -ct) 2>/dev/null
end
complete -c zonecast -f
complete -c zonecast -n __fish_use_subcommand -s c -l config -r -F -d 'the config file'
complete -c zonecast -n __fish_use_subcommand -l url -x -d 'URL of the hub'
complete -c zonecast -n __fish_use_subcommand -l version -d 'print the version'
complete -c zonecast -l help -s h -d 'show help'
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(command: CommandFacts): string[] {
  const within = `-n '__fish_seen_subcommand_from ${command.name}'`
  return [
    `complete -c zonecast -n __fish_use_subcommand -a ${command.name} -d ${fishQuoted(command.effect)}`,
    ...command.options.map((option) => `complete -c zonecast ${within} ${optionWords(option)} -d ${fishQuoted(option.effect)}`),
    ...command.arguments.flatMap((argument) => {
      const values = valueWords(argument)
      return values === '' ? [] : [`complete -c zonecast ${within} ${values}`]
    }),
  ]
}

function optionWords(option: OptionFacts): string {
  const names = option.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
  if (option.kind === undefined) return names
  return option.kind === 'file' ? `${names} -r -F` : `${names} -x ${valueWords(option)}`.trim()
}

function valueWords({ kind, choices }: Pick<ArgumentFacts | OptionFacts, 'kind' | 'choices'>): string {
  if (choices.length > 0) return `-a ${fishQuoted(choices.join(' '))}`
  return NAME_KINDS.some((name) => name === kind) ? `-a '(__zonecast_names ${kind})'` : ''
}

/** In single quotes, where fish knows `\\` and `\'` alone. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`
