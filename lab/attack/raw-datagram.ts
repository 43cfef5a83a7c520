/** Sends UDP datagrams with any source address and port, through a raw socket of perl, which every Debian has. Needs root. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SENDER = fileURLToPath(new URL('./raw-datagram.pl', import.meta.url))

export interface RawDatagram {
  /** `127.0.0.*` means 254 addresses, in turn. */
  from: string
  /** `*` means all unprivileged ports, in turn. */
  fromPort: number | '*'
  to: { ip: string; port: number }
  octets: Buffer
  count?: number
  /** Datagrams per second; default: as fast as the machine sends them. */
  perSecond?: number
}

/** Sends until the returned function is called; for floods without an awaited end. */
export function startFlood(datagrams: readonly RawDatagram[]): () => void {
  const child = spawn('perl', [SENDER], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(planOf(datagrams))
  return () => child.kill('SIGKILL')
}

/** Resolves with the number of datagrams that the kernel accepted. Throws when the sender fails. */
export async function sendRaw(datagrams: readonly RawDatagram[]): Promise<number> {
  const child = spawn('perl', [SENDER], { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const ended = once(child, 'close')
  child.stdin.end(planOf(datagrams))
  const [code] = await ended
  if (code !== 0) throw new Error(`raw-datagram.pl ended with ${code}`)
  return Number(out)
}

const planOf = (datagrams: readonly RawDatagram[]): string =>
  datagrams
    .map(({ from, fromPort, to, octets, count = 1, perSecond }) =>
      [from, fromPort, to.ip, to.port, octets.toString('hex'), count, perSecond ?? ''].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('')
