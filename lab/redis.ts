/**
 * A redis-server of the lab, on a port or a unix socket, for tests with a configured Redis. Not here: the product's private
 * Redis.
 */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { findPort } from './ports.js'
import { runCommand } from './run-command.js'
import { type LabServer, launchServer, makeServerFolder } from './server.js'

export interface LabRedis extends LabServer {
  readonly url: string
  readonly socket: string
}

export interface LabRedisOptions {
  name?: string
  port?: number
  /** Default: loopback. */
  ip?: string
  netns?: string
  /** Users and their rights, as a Redis ACL file has them. */
  aclFile?: string
  /** Writes to disk before each answer; default off. */
  durable?: boolean
}

export async function startRedis(options: LabRedisOptions = {}): Promise<LabRedis> {
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (await findPort(ip))
  const name = options.name ?? 'redis'
  const folder = makeServerFolder(name)
  const socket = join(folder, 'redis.sock')
  const persistence = options.durable === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  // On other addresses than loopback, protected mode refuses clients without a password.
  const listen = ['--bind', ip, '--port', String(port), '--protected-mode', options.netns === undefined ? 'yes' : 'no']
  const users = options.aclFile === undefined ? [] : ['--aclfile', options.aclFile]
  const args = [...listen, '--unixsocket', socket, '--dir', folder, '--save', '', ...persistence, ...users]
  const server = await launchServer({
    kind: 'redis',
    name,
    ip,
    port,
    folder,
    netns: options.netns,
    command: ['redis-server', ...args],
    isReady: () => answersPing(socket),
    control: (...command) => runCommand('redis-cli', ['-s', socket, ...command]),
  })
  return Object.assign(server, { url: `redis://${ip}:${port}/0`, socket })
}

function answersPing(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket)
    const finish = (answer: boolean) => {
      connection.destroy()
      resolve(answer)
    }
    connection.setTimeout(500, () => finish(false))
    connection.once('error', () => finish(false))
    connection.once('connect', () => connection.write('PING\r\n'))
    // A server that requires a password is up too.
    connection.once('data', (data) => finish(/^(\+PONG|-NOAUTH)/.test(data.toString())))
  })
}
