/**
 * A real name server as a child process: its own folder, started and awaited, its output kept, always stopped.
 * Not here: the configuration of each make (knot.ts, nsd.ts, bind.ts, pdns.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabProgram, requireProgram } from './available.js'
import { LabError } from './errors.js'
import { commandIn } from './netns.js'
import { guardGroup, labFolder, releaseGroup } from './watchdog.js'

export interface LabKey {
  name: string
  /** Such as `hmac-sha256`. */
  algorithm: string
  /** Base64. */
  secret: string
}

/** Another server, and the key to use with it. */
export interface LabPeer {
  ip: string
  port: number
  key?: LabKey | undefined
  /** Over TLS: the name in its certificate, or its pin (Knot only). */
  tls?: { name: string; pin?: undefined } | { pin: string; name?: undefined } | undefined
}

/** TLS of a server: it listens for transfers at `port`, and shows the certificate as server and as client. */
export interface LabTls {
  port: number
  cert: string
  key: string
  /** The CA of its peers. */
  ca: string
  /** Transfers go only to clients with a certificate of the CA, for this name if the make compares names. */
  client?: string | undefined
}

export interface LabZone {
  name: string
  /** The zone file's text: this server is the zone's primary. */
  text?: string | undefined
  /** The source of the zone: this server is a secondary. */
  from?: readonly LabPeer[] | undefined
  /** As a secondary: a catalog zone (RFC 9432), whose members come from the same source. NSD allows one. */
  catalog?: 'consumed' | undefined
  /** As a primary: makes this catalog zone of the zones that are `memberOf` it. Knot only. */
  generatesCatalog?: boolean | undefined
  /** The catalog zone in which this server lists the zone, and its group. Knot only. */
  memberOf?: { catalog: string; group?: string } | undefined
  /** Signed by this server; Knot as primary only. */
  signed?: boolean | undefined
  /**
   * As a primary: makes a ZONEMD record of each version; as a secondary: refuses a version that does not match its own. Knot
   * only.
   */
  zonemd?: boolean | undefined
  /** As a primary: changed only by its file (replace-zone.ts); differences are made from the previous file. */
  fromFile?: boolean | undefined
}

export interface LabServerOptions {
  name: string
  /** Address for queries. Loopback; default 127.0.0.1. BIND accepts only addresses of an interface. */
  ip?: string | undefined
  port?: number | undefined
  /** Further addresses, on the same port. */
  alsoAt?: readonly string[] | undefined
  /** The server's network namespace; `ip` is an address there that is reachable from the test. */
  netns?: string | undefined
  /** Source address of its own queries; default `ip`. `by-route` leaves the choice to the routing table. */
  source?: string | undefined
  /** Its name for NSID (not BIND), id.server (not BIND) and hostname.bind; default: that of the make. */
  identity?: string | undefined
  /** BIND: `identity` for NSID and id.server too. */
  hasServerId?: boolean | undefined
  zones: readonly LabZone[]
  /** Transfers out need this key; without one, any client on loopback may transfer. */
  transferKey?: LabKey | undefined
  /** Further clients that may transfer: subnets, with the transfer key if there is one. */
  clients?: readonly string[] | undefined
  /** Dynamic updates need this key; without one, any client on loopback may update. */
  updateKey?: LabKey | undefined
  /** Servers that get a NOTIFY of changes. */
  notify?: readonly LabPeer[] | undefined
  /** Serves and asks over TLS too. Knot from 3.5 on, NSD, BIND from 9.18 on; PowerDNS with dnsdist. */
  tls?: LabTls | undefined
  /** More workers: for measurements as a distributor, not for one of twenty nodes. */
  tuned?: boolean | undefined
}

/** The control channel of a server, for programs other than its own; in the words of the config of zonecast. */
export type LabChannel =
  | { nsd: string; ca: string; cert: string; certKey: string }
  | { rndc: string; key: LabKey }
  | { knot: string }
  | { powerdns: string; apiKeyFile: string }

export interface LabServer {
  /** Undefined for programs without one, and for servers in a network namespace. */
  readonly channel: LabChannel | undefined
  readonly kind: LabProgram
  readonly name: string
  readonly ip: string
  readonly port: number
  readonly pid: number
  readonly folder: string
  readonly version: string
  isRunning(): boolean
  /** SIGTERM, then SIGKILL after five seconds; removes its folder. */
  stop(): Promise<void>
  /** SIGKILL now; the folder stays for restart. */
  kill(): Promise<void>
  /** Starts again with the same folder and port. */
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT: a server that exists but is silent. */
  pause(): void
  resume(): void
  /** Its output, the newest 256 KiB. */
  log(): string
  /** Its own control program: knotc, nsd-control, rndc, pdns_control. */
  control(...args: string[]): Promise<string>
}

export interface Launch {
  kind: LabProgram
  name: string
  ip: string
  port: number
  folder: string
  command: readonly [program: string, ...args: string[]]
  netns?: string | undefined
  isReady: () => Promise<boolean>
  control: (...args: string[]) => Promise<string>
  channel?: LabChannel | undefined
}

/** A new folder of the lab; short, because control sockets are in it and a socket's path ends at 107 octets. */
export function makeServerFolder(name: string, ...inner: string[]): string {
  const folder = mkdtempSync(join(labFolder(), `${name}-`))
  for (const path of inner) mkdirSync(join(folder, path))
  return folder
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 5000
const LOG_OCTETS = 256 * 1024

export async function launchServer(launch: Launch): Promise<LabServer> {
  const { version } = await requireProgram(launch.kind)
  const server = new ServerProcess(launch, version)
  await server.start()
  return server
}

class ServerProcess implements LabServer {
  readonly version: string
  readonly #launch: Launch
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #log: Buffer[] = []
  #logOctets = 0

  constructor(launch: Launch, version: string) {
    this.#launch = launch
    this.version = version
  }

  get kind(): LabProgram {
    return this.#launch.kind
  }
  get channel(): LabChannel | undefined {
    return this.#launch.channel
  }
  get name(): string {
    return this.#launch.name
  }
  get ip(): string {
    return this.#launch.ip
  }
  get port(): number {
    return this.#launch.port
  }
  get folder(): string {
    return this.#launch.folder
  }
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#launch.command
    const child = spawn(...commandIn(this.#launch.netns, program, args), {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    let failure: Error | undefined
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        failure = error
        resolve()
      })
      child.once('exit', () => resolve())
    })
    child.stdout.on('data', (chunk: Buffer) => this.#keep(chunk))
    child.stderr.on('data', (chunk: Buffer) => this.#keep(chunk))
    if (child.pid !== undefined) guardGroup(child.pid)
    const deadline = performance.now() + READY_WITHIN_MS
    while (!(await this.#launch.isReady())) {
      if (failure !== undefined || !this.isRunning() || performance.now() > deadline) {
        const tail = this.log().trim().split('\n').slice(-8).join('\n')
        await this.#end('SIGKILL')
        throw new LabError({ code: 'LAB_NOT_READY', server: this.name }, `${this.name} (${program}) did not start: ${tail}`, {
          cause: failure,
        })
      }
      await sleep(20)
    }
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    if (this.isRunning()) await this.#end('SIGTERM')
    await this.start()
  }

  pause(): void {
    process.kill(-this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(-this.pid, 'SIGCONT')
  }

  log(): string {
    return Buffer.concat(this.#log).toString()
  }

  control(...args: string[]): Promise<string> {
    return this.#launch.control(...args)
  }

  #keep(chunk: Buffer): void {
    this.#log.push(chunk)
    this.#logOctets += chunk.length
    while (this.#logOctets > LOG_OCTETS && this.#log.length > 1) this.#logOctets -= this.#log.shift()!.length
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = this.#child?.pid
    if (pid === undefined) return
    if (this.isRunning()) {
      signalQuietly(pid, 'SIGCONT')
      signalQuietly(signal === 'SIGKILL' ? -pid : pid, signal)
      const timer = setTimeout(() => signalQuietly(-pid, 'SIGKILL'), STOP_WITHIN_MS)
      await this.#exited
      clearTimeout(timer)
    }
    // NSD serves from child processes; none may stay when the first process has ended.
    signalQuietly(-pid, 'SIGKILL')
    releaseGroup(pid)
    this.#child?.stdout?.destroy()
    this.#child?.stderr?.destroy()
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended first, which is the purpose of the kill.
  }
}
