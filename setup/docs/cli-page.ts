/** docs/reference/cli.md, from the program itself. */
import { type CommandFacts, commandFacts, type OptionFacts } from '../../services/cli/manual/command-facts.js'
import { COMMAND_GROUPS } from '../../services/cli/manual/command-groups.js'
import { EXIT_STATUSES } from '../../services/cli/manual/exit-statuses.js'
import { describedProgram } from '../../services/cli/program.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Command line

\`zonecast COMMAND --help\` prints the same in a terminal, and \`zonecast man\` the manual page. After \`npm ci && npm run build\` the program
is \`dist/services/main.js\`.

**Config.** \`-c FILE\` or \`ZONECAST_CONFIG\` names it. Without either, \`./zonecast.yaml\` is read, then \`/etc/zonecast/zonecast.yaml\`.

**Hub.** Commands call the hub of the config. \`--url\` or \`ZONECAST_URL\` names another hub, and \`ZONECAST_TOKEN\` is the token
that they send.

**Output.** Errors go to standard error, each in one line. Colours are left out when the output is not a terminal, or when \`NO_COLOR\` is set.
An unknown command, argument or option is an error.

**Completion.** \`zonecast completion bash\` prints a script for the shell, with zsh and fish likewise. It completes commands, options and
choices, and the names of zones, nodes, clouds, catalogs and primaries as the hub has them.

**Exit status.** 0 is success and 1 is failure, with these exceptions:`

export function cliPage(): string {
  const commands = commandFacts(describedProgram())
  return page(
    INTRO,
    table(
      ['Command', 'Exit status'],
      EXIT_STATUSES.map((status) => [status.commands.map(code).join(', '), cell(status.meaning)]),
    ),
    '## Commands',
    ...Object.keys(COMMAND_GROUPS).flatMap((group) => [
      `**${group}**`,
      table(
        ['Command', 'Effect'],
        commands
          .filter((command) => command.group === group)
          .map((command) => [`[\`${command.usage}\`](#${command.name})`, cell(command.effect)]),
      ),
    ]),
    ...commands.flatMap(parts),
  )
}

/** Without those that every command takes; the top of the page has them. */
const ownOptions = ({ options }: CommandFacts): OptionFacts[] =>
  options.filter(({ names }) => !names.includes('--config') && !names.includes('--url'))

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function parts(command: CommandFacts): string[] {
  const options = ownOptions(command)
  const rows = [
    ...command.arguments.filter(({ meaning }) => meaning !== '').map(({ label, meaning }) => [code(label), cell(meaning)]),
    ...options.map(({ flags, meaning }) => [code(flags), cell(meaning)]),
  ]
  return [
    `### ${command.name}`,
    `    zonecast ${command.usage}${options.length > 0 ? ' [OPTIONS]' : ''}`,
    `${capitalised(cell(command.effect))}.`,
    ...(rows.length > 0 ? [table(['Argument or option', 'Meaning'], rows)] : []),
    ...(command.example === undefined ? [] : [`Example: \`zonecast ${command.example.line}\` ${command.example.does}.`]),
  ]
}
