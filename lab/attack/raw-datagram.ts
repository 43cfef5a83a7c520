/** UDP datagrams with any source address and port, sent over a raw socket by perl, which every Debian has. Needs root. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SENDER = fileURLToPath(new URL('./raw-datagram.pl', import.meta.url))

export interface RawDatagram {
  /** `127.0.0.*` walks through 254 addresses. */
  from: string
  /** `*` walks through all unprivileged ports. */
  fromPort: number | '*'
  to: { ip: string; port: number }
  octets: Buffer
  count?: number
  /** Datagrams a second; as fast as the machine sends them when left out. */
  perSecond?: number
}

/** Sends until what comes back is called; for floods, whose end nobody waits for. */
export function startFlood(datagrams: readonly RawDatagram[]): () => void {
  const child = spawn('perl', [SENDER], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(planOf(datagrams))
  return () => child.kill('SIGKILL')
}

/** Resolves with the number of datagrams that the kernel took. Throws when the sender fails. */
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
