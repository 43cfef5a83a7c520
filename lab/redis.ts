/** A redis-server of the lab's own, on a port or a unix socket, for tests of a given Redis. The product starts its own elsewhere. */
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
  /** Loopback unless given. */
  ip?: string
  netns?: string
  /** Users and their rights, as a Redis ACL file has them. */
  aclFile?: string
  /** Every write on disk before it is answered; default off. */
  durable?: boolean
}

export async function startRedis(options: LabRedisOptions = {}): Promise<LabRedis> {
  const ip = options.ip ?? '127.0.0.1'
  const port = options.port ?? (await findPort(ip))
  const name = options.name ?? 'redis'
  const folder = makeServerFolder(name)
  const socket = join(folder, 'redis.sock')
  const persistence = options.durable === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  // Elsewhere than on loopback it serves nobody without a password, unless told so.
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
    // One that wants a password is up as well.
    connection.once('data', (data) => finish(/^(\+PONG|-NOAUTH)/.test(data.toString())))
  })
}
