/** Groups of commands in `--help`, in the manual page and in docs/reference/cli.md: what an operator wants to do. */

export const COMMAND_GROUPS: Readonly<Record<string, readonly string[]>> = {
  'See what is served': [
    'status',
    'zones',
    'nodes',
    'primaries',
    'catalogs',
    'why',
    'probe',
    'identify',
    'vantages',
    'catchment',
    'health',
    'rollouts',
    'history',
    'show',
    'diff',
  ],
  'Steer versions': ['hold', 'unhold', 'release', 'approve', 'reject', 'rollback', 'refresh'],
  'Repair nodes': ['resync', 'verify', 'drain', 'undrain', 'render', 'provision'],
  'Look after the hub': ['hubs', 'workers', 'jobs', 'audit', 'token', 'reload'],
  'Set up': ['check', 'topology', 'start', 'vantage', 'demo', 'completion', 'man'],
}

/** The group of a command; undefined for a command without one, which a test refuses. */
export function groupOf(command: string): string | undefined {
  return Object.entries(COMMAND_GROUPS).find(([, commands]) => commands.includes(command))?.[0]
}
