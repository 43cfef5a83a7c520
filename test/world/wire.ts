/**
 * Slow and lossy links where the kernel lacks netem: packets go from their veth to a TAP device. A process on its other side
 * delays them, loses some, and writes the rest to the TAP device at the other end, where they arrive like from the veth. tc
 * (mirred) makes both redirections.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../lab/run-command.js'
import { guardGroup, releaseGroup } from '../../lab/watchdog.js'

interface End {
  place: { netns: string }
  device: string
}

interface Speed {
  delayMs: number
  lossPercent: number
}

export class Wire {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  #turn: Promise<unknown> = Promise.resolve()
  readonly #taps = new Map<string, { n: number; tapOf: Map<string, string> }>()

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
  }

  static start(): Wire {
    const script = fileURLToPath(new URL('wire.pl', import.meta.url))
    const child = spawn('perl', [script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    child.stdin.on('error', () => {})
    if (child.pid !== undefined) guardGroup(child.pid)
    return new Wire(child)
  }

  /** The devices of a packet on its way out of this end. */
  devicesOf(link: string, device: string): string[] {
    const tap = this.#taps.get(link)?.tapOf.get(device)
    return tap === undefined ? [device] : [device, tap]
  }

  /** One after the other: the process answers orders in turn. */
  async shape(link: string, ends: readonly [End, End], { delayMs, lossPercent }: Speed): Promise<void> {
    const turn = this.#turn.then(async () => {
      const wired = this.#taps.get(link) ?? (await this.#lay(link, ends))
      await this.#order(`set ${wired.n} ${delayMs} ${lossPercent}`)
    })
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  async #lay(link: string, ends: readonly [End, End]): Promise<{ n: number; tapOf: Map<string, string> }> {
    const n = this.#taps.size
    const names = ends.map((_, i) => `zc${process.pid}w${n}${'ab'[i]}`)
    const wired = { n, tapOf: new Map(ends.map(({ device }, i) => [device, names[i]!])) }
    this.#taps.set(link, wired)
    // The devices are made here, in the namespace of the process, and belong to it wherever they are moved.
    await this.#order(`lay ${names.join(' ')}`)
    for (const [i, { place, device }] of ends.entries()) {
      const tap = names[i]!
      await runCommand('ip', ['link', 'set', tap, 'netns', place.netns])
      const shown = JSON.parse(await runCommand('ip', ['-n', place.netns, '-json', 'link', 'show', device])) as {
        address: string
      }[]
      // With the veth's own address: the kernel drops packets for another one.
      await runCommand('ip', ['-n', place.netns, 'link', 'set', tap, 'address', shown[0]!.address, 'up'])
      const all = 'protocol all u32 match u32 0 0 action mirred'
      const rules = [
        `qdisc add dev ${tap} clsact`,
        `filter add dev ${tap} ingress ${all} ingress redirect dev ${device}`,
        `qdisc add dev ${device} clsact`,
        `filter add dev ${device} egress ${all} egress redirect dev ${tap}`,
      ]
      await runCommand('tc', ['-n', place.netns, '-batch', '-'], { input: `${rules.join('\n')}\n` })
    }
    return wired
  }

  /** One line to the process, and its answer that it is done. */
  async #order(line: string): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#child.stdout.once('data', (answer: Buffer) =>
        answer.toString() === 'done\n' ? resolve() : reject(new Error(`the wire cannot ${line}: ${answer}`)),
      )
      this.#child.once('exit', (status) => reject(new Error(`the wire ended with ${status}`)))
    })
    this.#child.stdin.write(`${line}\n`)
    await done.finally(() => {
      this.#child.stdout.removeAllListeners('data')
      this.#child.removeAllListeners('exit')
    })
  }

  async stop(): Promise<void> {
    await this.#turn
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await gone
    if (this.#child.pid !== undefined) releaseGroup(this.#child.pid)
  }
}
