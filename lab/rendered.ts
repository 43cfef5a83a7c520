/** Starts name servers from a configuration that an operator would install: the text of `zonecast render`, as it is. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { askSerial } from './ask-serial.js'
import { unconfinedNamed } from './bind.js'
import { LabError } from './errors.js'
import { commandOf } from './program.js'
import { runCommand } from './run-command.js'
import { type LabKey, type LabServer, launchServer } from './server.js'

export type RenderedKind = 'nsd' | 'knot' | 'bind' | 'pdns'

/** With its text, the file becomes a configuration database, so that zones that are added to Knot stay. */
const DATABASE = 'confdb'

export interface RenderedOptions {
  kind: RenderedKind
  name: string
  ip: string
  port: number
  /** The folder that the text names. */
  folder: string
  /** The whole configuration. */
  text: string
  /** Commands that fill the database; PowerDNS only. */
  commands?: string | undefined
  key?: LabKey | undefined
  /** Secret of the control channel: of the key of BIND, or of the API of PowerDNS. */
  controlSecret?: string | undefined
  /** Knot only: zones are added over the control channel. */
  hasDatabase?: boolean | undefined
  /** A zone of the configuration, or any name: the server is ready when it answers a query for it. */
  probe: string
}

const FILE: Record<RenderedKind, string> = { nsd: 'nsd.conf', knot: 'knot.conf', bind: 'named.conf', pdns: 'pdns.conf' }

export async function startRendered(options: RenderedOptions): Promise<LabServer> {
  const { kind, name, ip, port, folder, probe, hasDatabase = false } = options
  installRendered(options)
  const file = join(folder, FILE[kind])
  if (hasDatabase) await runCommand('knotc', ['-C', join(folder, DATABASE), 'conf-import', file])
  const control = {
    nsd: (...args: string[]) => runCommand('nsd-control', ['-c', file, ...args]),
    knot: (...args: string[]) => runCommand('knotc', ['-b', '-c', file, ...args]),
    bind: (...args: string[]) => runCommand('rndc', args),
    pdns: (...args: string[]) => runCommand('pdns_control', [`--config-dir=${folder}`, ...args]),
  }
  const program = kind === 'bind' ? unconfinedNamed() : PROGRAM[kind]
  return await launchServer({
    kind,
    name,
    ip,
    port,
    folder,
    command: [program, ...(hasDatabase ? ['-C', join(folder, DATABASE)] : argumentsOf(kind, folder, file))],
    isReady: async () => (await askSerial({ ip, port }, probe)) !== undefined,
    control: control[kind],
  })
}

const PROGRAM = { nsd: 'nsd', knot: 'knotd', pdns: 'pdns_server' } as const

/** In the foreground, as this user: a unit of systemd has such arguments too. */
function argumentsOf(kind: RenderedKind, folder: string, file: string): string[] {
  if (kind === 'nsd') return ['-d', '-c', file, '-u', userInfo().username]
  if (kind === 'knot') return ['-c', file]
  if (kind === 'bind') return ['-g', '-c', file, '-n', '1']
  return [`--config-dir=${folder}`, '--daemon=no', '--guardian=no', '--disable-syslog', '--write-pid=no']
}

/** Writes the files that the comments of the text describe. Throws LabError LAB_COMMAND_FAILED. */
export function installRendered({ kind, folder, text, commands, key, controlSecret }: RenderedOptions): void {
  mkdirSync(join(folder, 'pdns.d'), { recursive: true })
  writeFileSync(join(folder, FILE[kind]), text, { mode: 0o600 })
  const secrets = [key?.secret, controlSecret].filter((secret) => secret !== undefined)
  for (const [i, command] of keyCommandsIn(text).entries()) runShell(command, secrets[i])
  if (commands !== undefined) runShell(withPdnsutil(commands))
}

/** The commands, in the comments of the text, that make files of secrets: of the key, and of the control channel. */
export const keyCommandsIn = (text: string): string[] =>
  [...text.matchAll(/^#\s+(\(umask .*\))$/gm)].map(([, command]) => command!)

/** The pdnsutil of the lab. */
const withPdnsutil = (commands: string): string => {
  const [program, args] = commandOf('pdnsutil', [])
  return commands.replace(/^pdnsutil\b/gm, [program, ...args].join(' '))
}

function runShell(command: string, input = ''): void {
  const { status, stderr } = spawnSync('sh', ['-e', '-c', command], { encoding: 'utf8', input: `${input}\n` })
  if (status !== 0)
    throw new LabError(
      { code: 'LAB_COMMAND_FAILED', program: 'sh', status: status ?? undefined },
      `sh ended with ${status}: ${stderr}`,
    )
}

/** Runs the server's own checker on its file. Returns what it printed when it found mistakes. */
export function complaintsAbout(kind: RenderedKind, folder: string): string | undefined {
  const file = join(folder, FILE[kind])
  const [program, args] = {
    nsd: ['nsd-checkconf', [file]],
    knot: ['knotc', ['-c', file, 'conf-check']],
    bind: ['named-checkconf', [file]],
    pdns: ['pdns_server', [`--config-dir=${folder}`, '--config=check']],
  }[kind] as [string, string[]]
  const { status, stdout, stderr } = spawnSync(...commandOf(program, args), { encoding: 'utf8' })
  const words = stdout + stderr
  return status === 0 && !/\b(warning|error|fatal)\b/i.test(words) ? undefined : `${program} ended with ${status}: ${words}`
}
