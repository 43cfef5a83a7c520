/**
 * BIRD as a BGP router, also beside the servers of a site: it announces a service address as the verdict in a file states, with the
 * filter of deploy/health/bird.conf, and spreads the queries over the servers.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram } from './available.js'
import { runCommand } from './run-command.js'
import { type LabServer, launchServer, makeServerFolder } from './server.js'

export interface BgpNeighbour {
  name: string
  /** Addresses of the link: of this router, and of the other. */
  local: string
  remote: string
  as: number
}

export interface BgpOptions {
  name: string
  netns: string
  /** Router id, and the source of its own packets. */
  id: string
  as: number
  neighbours: readonly BgpNeighbour[]
  /** Subnets that it announces. */
  own: readonly string[]
  /** A service address, and the servers behind it. */
  anycast?: { address: string; via: readonly string[] }
  /** Routes of this router alone, off until `control('enable', name)`. */
  spare?: readonly { name: string; subnet: string; via: string }[]
}

export interface BgpRouter extends LabServer {
  /** Holds the state of the service address, as bird-state.sh writes it: 2 serve, 1 degrade, 0 withdraw. */
  readonly stateFile: string
  readonly socket: string
}

export async function startBgp(options: BgpOptions): Promise<BgpRouter> {
  requireProgram('bird')
  const folder = makeServerFolder(`bgp-${options.name}`)
  const [conf, socket, stateFile] = ['bird.conf', 'bird.sock', 'anycast.conf'].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ]
  writeFileSync(stateFile, 'define ANYCAST_STATE = 2;\n')
  writeFileSync(conf, configOf(options, stateFile))
  const server = await launchServer({
    kind: 'bird',
    name: `bgp-${options.name}`,
    ip: options.id,
    port: 0,
    folder,
    netns: options.netns,
    command: ['bird', '-f', '-c', conf, '-s', socket],
    isReady: async () => existsSync(socket) && (await isUp(socket)),
    control: (...args) => runCommand('birdc', ['-s', socket, ...args]),
  })
  return Object.assign(server, { stateFile, socket })
}

function configOf({ id, as, own, neighbours, anycast, spare = [] }: BgpOptions, stateFile: string): string {
  const routes = own.map((subnet) => `  route ${subnet} blackhole;\n`).join('')
  const spares = spare.map(({ name, subnet, via }) => `protocol static ${name} { disabled; ipv4; route ${subnet} via ${via}; }\n`)
  return `log stderr { error, fatal, bug };
include "${stateFile}";
router id ${id};
protocol device { scan time 1; }
protocol kernel {
  ipv4 { import none; export filter {
    if proto = "own" then reject;
    krt_prefsrc = ${id};
    accept;
  }; };
}
${own.length > 0 ? `protocol static own {\n  ipv4;\n${routes}}\n` : ''}${spares.join('')}${
  anycast === undefined
    ? ''
    : `protocol static anycast {\n  ipv4;\n  route ${anycast.address}/32${anycast.via.map((ip) => ` via ${ip}`).join('')};\n}\n`
}
filter announced {
${spare.map(({ name }) => `  if proto = "${name}" then reject;\n`).join('')}  if proto = "anycast" then {
    if ANYCAST_STATE = 0 then reject;
    if ANYCAST_STATE = 1 then {
      bgp_med = 100;
      bgp_path.prepend(${as});
      bgp_path.prepend(${as});
    }
  }
  accept;
}
${neighbours.map((neighbour) => bgpConfig(neighbour, as)).join('')}`
}

const bgpConfig = ({ name, local, remote, as: other }: BgpNeighbour, as: number): string => `protocol bgp to_${name} {
  local ${local} as ${as};
  neighbor ${remote} as ${other};
  connect delay time 1; connect retry time 1; error wait time 1, 2; hold time 9; keepalive time 3;
  ipv4 { import all; export filter announced; next hop self; };
}
`

/** The socket exists before BIRD has read its config. */
const isUp = (socket: string): Promise<boolean> =>
  runCommand('birdc', ['-s', socket, 'show', 'status']).then(
    (said) => said.includes('Daemon is up'),
    () => false,
  )
