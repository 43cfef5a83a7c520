/**
 * An attacker on many TCP connections, as a process of its own: it opens them, sends the same octets on each, reads answers only
 * if configured, and replaces connections that the server closes.
 */
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface TcpAttack {
  to: { ip: string; port: number }
  /** Source addresses, in turn. */
  sources: string[]
  connections: number
  /** Sent on each open connection, base64; already framed. */
  octets: string
  /** Sends the octets again as soon as the kernel has accepted them. */
  repeat?: boolean
  /** Reads answers and discards them. */
  reads?: boolean
}

/** Begins the attack; the returned function ends it. */
export function startTcpAttack(attack: TcpAttack): () => void {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), JSON.stringify(attack)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return () => child.kill('SIGKILL')
}

/** The source ports of one address are few: a closed connection is opened again after this many milliseconds. */
const AGAIN_MS = 5

function run(attack: TcpAttack): void {
  const octets = Buffer.from(attack.octets, 'base64')
  const open = (i: number): void => {
    const localAddress = attack.sources[i % attack.sources.length]!
    const socket: Socket = connect({ host: attack.to.ip, port: attack.to.port, localAddress })
    const send = (): void => {
      const isDelivered = socket.write(octets)
      if (attack.repeat !== true || socket.destroyed) return
      if (isDelivered) setImmediate(send)
      else socket.once('drain', send)
    }
    socket.once('connect', () => {
      if (octets.length > 0) send()
      // Paused: the kernel's buffer fills, and the server cannot send on.
      if (attack.reads === true) socket.resume()
      else socket.pause()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => setTimeout(open, AGAIN_MS, i + attack.connections))
  }
  for (let i = 0; i < attack.connections; i++) open(i)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) run(JSON.parse(process.argv[2]!) as TcpAttack)
