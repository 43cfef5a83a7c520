/** Exit statuses other than 0 for success and 1 for failure, for the manual page and docs/reference/cli.md. */

export const EXIT_STATUSES: readonly { readonly commands: readonly string[]; readonly meaning: string }[] = [
  { commands: ['start'], meaning: '0 after SIGTERM or SIGINT; 1 when the start fails; 2 when the config has a mistake' },
  { commands: ['check'], meaning: '0 without errors, also with warnings; 2 with errors' },
  { commands: ['topology'], meaning: '2 when the config has a mistake' },
  { commands: ['status --format nagios'], meaning: '0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN' },
  { commands: ['refresh --wait', 'resync --wait'], meaning: '1 when the job failed' },
  { commands: ['verify --wait'], meaning: '1 when a node differs or cannot be compared' },
  { commands: ['approve --all-halted'], meaning: '1 when one order failed' },
  {
    commands: ['health'],
    meaning: '0 serve, also without an answer of the hub; 1 degrade; 2 withdraw; 64 when the command line has a mistake',
  },
  { commands: ['probe', 'identify'], meaning: '1 when an answer needs attention, or the node has a problem' },
  { commands: ['audit verify'], meaning: '1 when a line was changed, dropped, moved, repeated or cut off' },
]
