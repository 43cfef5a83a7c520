/** One example for each command, for `--help`, the manual page and docs/reference/cli.md. A test reads each with the real parser. */

export interface Example {
  /** Without `zonecast` at its beginning. */
  readonly line: string
  /** Its effect, as a sentence without subject and full stop. */
  readonly does: string
}

export const EXAMPLES: Readonly<Record<string, Example>> = {
  approve: {
    line: 'approve example.com 2026113001 --reason "shrink is the cleanup of ticket 4711"',
    does: 'releases a version that a check holds',
  },
  audit: { line: 'audit --zone example.com --since 2d', does: 'shows the orders and automatic acts of two days' },
  catalogs: { line: 'catalogs nodes-a.catalog.example', does: 'lists the members of a published catalog' },
  catchment: { line: 'catchment A', does: 'shows which nodes each vantage point reaches through cloud A' },
  check: { line: 'check -c /etc/zonecast/zonecast.yaml', does: 'reports each mistake of a config before it is used' },
  completion: {
    line: 'completion bash > /etc/bash_completion.d/zonecast',
    does: 'lets bash complete commands, options, zones and nodes',
  },
  demo: { line: 'demo --once', does: 'runs a whole installation on loopback, and ends' },
  diff: { line: 'diff example.com 2026112901 2026113001', does: 'shows the records between two versions' },
  drain: { line: 'drain ams1 --reason "disk is replaced"', does: 'stops deliveries to the node' },
  health: { line: 'health ams1', does: 'asks if the router of the node should announce the service addresses' },
  history: { line: 'history example.com --nodes', does: 'shows when each node confirmed each version' },
  hold: { line: 'hold example.com --reason "migration until 14:00"', does: 'keeps new versions of the zone back' },
  hubs: { line: 'hubs', does: 'shows whether all hubs are up and have the same config' },
  identify: { line: 'identify ams1.example', does: 'names the node that a user saw in the output of dig +nsid' },
  jobs: { line: 'jobs --json', does: 'prints the newest jobs for a program' },
  man: { line: 'man > zonecast.1', does: 'writes the manual page' },
  nodes: { line: 'nodes ams1', does: 'shows the report of its name server, and its zones' },
  primaries: { line: 'primaries', does: 'shows whether the primaries agree' },
  probe: { line: 'probe A example.com', does: 'asks each service address of cloud A for the zone' },
  provision: { line: 'provision ams1 --apply', does: 'adds the zones that the name server of the node lacks' },
  refresh: { line: 'refresh example.com --wait', does: 'asks the primaries now, and waits for the result' },
  reject: {
    line: 'reject example.com 2026113001 --reason "half of the zone is missing"',
    does: 'keeps a bad version back for ever',
  },
  release: { line: 'release example.com --reason "migration is done"', does: 'lifts the hold of the zone' },
  reload: { line: 'reload', does: 'uses the changed config without a restart' },
  render: { line: 'render ams1 > zones.conf', does: 'writes the name server configuration for the node' },
  resync: {
    line: 'resync example.com --node ams1 --strength force --wait',
    does: 'makes the node transfer all records again, and waits until its answers prove it',
  },
  rollback: {
    line: 'rollback example.com 2026112901 --reason "MX records are gone"',
    does: 'releases the content of an older version again',
  },
  rollouts: { line: 'rollouts --state held', does: 'lists the versions that wait for an operator' },
  show: { line: 'show example.com > example.com.zone', does: 'writes the released version as a zone file' },
  start: { line: 'start -c /etc/zonecast/zonecast.yaml', does: 'runs the hub until SIGTERM' },
  status: { line: 'status example.com', does: 'shows the serial of the zone on each node' },
  token: {
    line: 'token new --name noc --role operator --expires 2027-01-01',
    does: 'makes a token, and the line for the config',
  },
  topology: { line: 'topology --format svg > topology.svg', does: 'draws sites, links and nodes' },
  undrain: { line: 'undrain ams1', does: 'delivers to the node again' },
  unhold: { line: 'unhold example.com --reason "migration is done"', does: 'lifts the hold of the zone' },
  vantage: {
    line: 'vantage --name tokyo --hub https://hub.example:8053 --token-file /etc/zonecast/tokyo.token',
    does: 'asks the service addresses from this machine, and reports to the hub',
  },
  vantages: { line: 'vantages', does: 'shows whether every vantage point reports, and what it sees' },
  verify: {
    line: 'verify example.com --cloud A --wait',
    does: 'compares the zone on each node of cloud A with the released version',
  },
  why: { line: 'why example.com ams1', does: 'names the step that the node waits for' },
  workers: { line: 'workers', does: 'shows which worker owns which zones' },
  zones: { line: 'zones --json', does: 'prints all zones for a program' },
}
