/** The manual page zonecast(1) as roff for `man`. */
import { VERSION } from '../../../lib/runtime/version.js'
import type { CommandFacts } from './command-facts.js'
import { COMMAND_GROUPS } from './command-groups.js'
import { EXIT_STATUSES } from './exit-statuses.js'

export function manPage(commands: readonly CommandFacts[]): string {
  return [
    `.TH ZONECAST 1 "" "zonecast ${roff(VERSION)}" "User Commands"`,
    '.SH NAME',
    String.raw`zonecast \- zone synchronization for anycast DNS`,
    '.SH SYNOPSIS',
    '.B zonecast',
    '.RI [ OPTIONS ]',
    '.I COMMAND',
    '.RI [ ARGUMENTS ]',
    '.SH DESCRIPTION',
    ...lines(
      'Zonecast takes zones from hidden primaries, checks each version once and brings it to every node of every anycast cloud.',
    ),
    'A command calls the hub that the config or',
    String.raw`.B \-\-url`,
    'names.',
    ...Object.keys(COMMAND_GROUPS).flatMap((group) => [
      `.SS ${roff(group)}`,
      ...commands.filter((command) => command.group === group).flatMap(commandLines),
    ]),
    '.SH OPTIONS OF EACH COMMAND',
    ...item('-c, --config <file>', 'the config file'),
    ...item('--url <url>', 'the hub; for commands that call one'),
    ...item('-h, --help', 'the arguments and options of the command'),
    '.SH ENVIRONMENT',
    ...item('ZONECAST_CONFIG', 'the config file, where -c is left out'),
    ...item('ZONECAST_URL', 'the hub, where --url is left out'),
    ...item('ZONECAST_TOKEN', 'the token for the hub'),
    ...item('ZONECAST_CA, ZONECAST_CERT, ZONECAST_KEY', 'files for a hub over TLS, where --ca, --cert and --key are left out'),
    ...item('NO_COLOR', 'no colours in the output'),
    '.SH FILES',
    ...item('./zonecast.yaml, /etc/zonecast/zonecast.yaml', 'the config, in this order, where nothing else names it'),
    '.SH EXIT STATUS',
    '0 is success and 1 is failure, with these exceptions:',
    ...EXIT_STATUSES.flatMap((status) => item(status.commands.join(', '), status.meaning)),
    '',
  ].join('\n')
}

function commandLines(command: CommandFacts): string[] {
  const options = command.options.filter(({ names }) => !names.includes('--config') && !names.includes('--url'))
  const items = [
    ...command.arguments.filter(({ meaning }) => meaning !== '').flatMap(({ label, meaning }) => item(label, meaning)),
    ...options.flatMap(({ flags, meaning }) => item(flags, meaning)),
  ]
  return [
    '.TP',
    `.B zonecast ${roff(command.usage)}`,
    ...lines(`${command.effect.charAt(0).toUpperCase()}${command.effect.slice(1)}.`),
    ...(items.length === 0 ? [] : ['.RS', ...items, '.RE']),
    ...(command.example === undefined
      ? []
      : ['.IP', 'Example:', `.B zonecast ${roff(command.example.line)}`, `${roff(command.example.does)}.`]),
  ]
}

const item = (term: string, meaning: string): string[] => ['.TP', `.B ${roff(term)}`, ...lines(meaning)]

/** Text in lines of at most 80 octets, as readers of roff want it. */
function lines(text: string): string[] {
  const done: string[] = []
  for (const word of text.split(' ')) {
    const longer = done.length === 0 ? word : `${done.at(-1)} ${word}`
    if (done.length > 0 && roff(longer).length <= 80) done[done.length - 1] = longer
    else done.push(word)
  }
  return done.map(roff)
}

/** Text that roff prints as it is: a dot or quote at the beginning would be a request, and a plain hyphen a dash. */
function roff(text: string): string {
  const plain = text.replaceAll('\\', String.raw`\e`).replaceAll('-', String.raw`\-`).replaceAll('"', String.raw`\(dq`)
  return /^[.']/.test(plain) ? String.raw`\&${plain}` : plain
}
