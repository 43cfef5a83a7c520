/**
 * BIRD as the router of a place: OSPF in each plane of the place, with BFD so that a link that fails silently is noticed. A plane
 * is a network by itself, with addresses of its own; no route of one leads through another.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram } from './available.js'
import { runCommand } from './run-command.js'
import { type LabServer, launchServer, makeServerFolder } from './server.js'

export interface BirdPlane {
  name: string
  /** The place's address in the plane, known to every place in it; packets that leave by the plane have this source. */
  ip: string
  /** The interfaces of the plane, such as `red-*`. */
  interfaces: string
  cost: number
}

export interface BirdOptions {
  name: string
  netns: string
  planes: readonly BirdPlane[]
  /** Subnets behind this place, announced to every plane. */
  behind?: readonly string[]
}

/** Five lost packets in a row are a dead link: with a loss of 5 % that happens once in three million. */
const BFD = 'min rx interval 150 ms; min tx interval 150 ms; multiplier 5;'

export async function startBird(options: BirdOptions): Promise<LabServer> {
  requireProgram('bird')
  const folder = makeServerFolder(`bird-${options.name}`)
  const [conf, socket] = [join(folder, 'bird.conf'), join(folder, 'bird.sock')]
  writeFileSync(conf, birdConfig(options))
  return launchServer({
    kind: 'bird',
    name: `bird-${options.name}`,
    ip: options.planes[0]!.ip,
    port: 0,
    folder,
    netns: options.netns,
    command: ['bird', '-f', '-c', conf, '-s', socket],
    isReady: async () => existsSync(socket) && (await isUp(socket)),
    control: (...args) => runCommand('birdc', ['-s', socket, ...args]),
  })
}

/** The number of neighbours in all planes with which it exchanges routes. */
export async function countNeighbours(bird: LabServer, planes: readonly string[]): Promise<number> {
  const texts = await Promise.all(planes.map((plane) => bird.control('show', 'ospf', 'neighbors', plane)))
  return texts.join('\n').match(/\bFull\b/g)?.length ?? 0
}

function birdConfig({ planes, behind = [] }: BirdOptions): string {
  const sources = planes.map(({ name, ip }) => `    if proto = "${name}" then krt_prefsrc = ${ip};\n`).join('')
  return `log stderr { warning, error, fatal, bug };
router id ${planes[0]!.ip};
protocol device {}
protocol bfd { interface "*" { ${BFD} }; }
protocol kernel {
  ipv4 { import none; export filter {
${sources}    accept;
  }; };
}
${planes.map((plane) => planeConfig(plane, behind)).join('')}`
}

function planeConfig({ name, ip, interfaces, cost }: BirdPlane, behind: readonly string[]): string {
  const stubs = [`${ip}/32`, ...behind].map((subnet) => `    stubnet ${subnet};\n`).join('')
  return `protocol ospf v2 ${name} {
  ipv4 { import all; export none; };
  area 0 {
${stubs}    interface "${interfaces}" { type ptp; cost ${cost}; hello 1; retransmit 2; dead count 4; bfd yes; };
  };
}
`
}

/** The socket exists before BIRD has read its config. */
const isUp = (socket: string): Promise<boolean> =>
  runCommand('birdc', ['-s', socket, 'show', 'status']).then(
    (said) => said.includes('Daemon is up'),
    () => false,
  )
