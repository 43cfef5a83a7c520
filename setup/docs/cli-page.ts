/** docs/reference/cli.md, from the program itself. */
import type { Argument, Command, Option } from 'commander'
import { buildProgram } from '../../services/cli/program.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Command line

\`zonecast COMMAND --help\` prints the same in a terminal. After \`npm ci && npm run build\` the program is \`dist/services/main.js\`.

**Config.** \`-c FILE\` or \`ZONECAST_CONFIG\` names it. Without either, \`./zonecast.yaml\` is read, then \`/etc/zonecast/zonecast.yaml\`.

**Hub.** Commands call the hub of the config. \`--url\` or \`ZONECAST_URL\` names another hub, and \`ZONECAST_TOKEN\` is the token
that they send.

**Output.** Errors go to standard error, each in one line. Colours are left out when the output is not a terminal, or when \`NO_COLOR\` is set.
An unknown command, argument or option is an error.

**Exit status.** 0 is success and 1 is failure, with these exceptions:

| Command | Exit status |
| --- | --- |
| \`start\` | 0 after SIGTERM or SIGINT; 1 when the start fails; 2 when the config has a mistake |
| \`check\` | 0 without errors, also with warnings; 2 with errors |
| \`topology\` | 2 when the config has a mistake |
| \`status --format nagios\` | 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN |
| \`refresh --wait\`, \`resync --wait\` | 1 when the job failed |
| \`approve --all-halted\` | 1 when one order failed |
| \`audit verify\` | 1 when a line was changed, dropped, moved, repeated or cut off |`

export function cliPage(): string {
  const program = programOf()
  const commands = program.commands.toSorted((a, b) => (a.name() < b.name() ? -1 : 1))
  return page(
    INTRO,
    '## Commands',
    table(
      ['Command', 'Effect'],
      commands.map((command) => [`[\`${usageOf(command)}\`](#${command.name()})`, cell(command.description())]),
    ),
    ...commands.flatMap(parts),
  )
}

/** The program without a terminal and without services: only its description is read. */
const programOf = (): Command =>
  buildProgram({
    terminal: { write: () => {}, complain: () => {}, isLive: false, hasColour: false, columns: 80 },
    parts: { loadHub: () => Promise.reject(), loadDemo: () => Promise.reject() },
    setExit: () => {},
  })

const argumentOf = (argument: Argument): string => {
  const name = argument.name().toUpperCase()
  return argument.required ? name : `[${name}]`
}

const usageOf = (command: Command): string => [command.name(), ...command.registeredArguments.map(argumentOf)].join(' ')

/** Without those that every command takes; the top of the page has them. */
const optionsOf = ({ options }: Command): Option[] =>
  options.filter(({ long }) => long === undefined || !['--config', '--url'].includes(long))

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function parts(command: Command): string[] {
  const rows = [
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .map((argument) => [code(argumentOf(argument)), cell(argument.description)]),
    ...optionsOf(command).map((option) => [code(option.flags), cell(`${option.description}${choicesOf(option)}`)]),
  ]
  return [
    `### ${command.name()}`,
    `    zonecast ${usageOf(command)}${optionsOf(command).length > 0 ? ' [OPTIONS]' : ''}`,
    `${capitalised(cell(command.description()))}.`,
    ...(rows.length > 0 ? [table(['Argument or option', 'Meaning'], rows)] : []),
  ]
}

function choicesOf({ argChoices, defaultValue, mandatory }: Option): string {
  const hasDefault = defaultValue !== undefined && !(Array.isArray(defaultValue) && defaultValue.length === 0)
  const notes = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(hasDefault ? [`default ${String(defaultValue)}`] : []),
  ]
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`
}
