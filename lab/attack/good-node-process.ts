/** Starts and controls a good node (good-node.ts), which runs beside the attack and the server under test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { GoodNodeFigures, GoodNodePlan } from './good-node.js'

export class GoodNode {
  readonly #child: ChildProcess
  readonly #lines: Interface

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface(child.stdout!)
  }

  /** Ready after some transfers of the zone. Throws when the server sends it none. */
  static async start(plan: GoodNodePlan): Promise<GoodNode> {
    const program = fileURLToPath(new URL('./good-node.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(plan)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const node = new GoodNode(child)
    const first = await node.measure(0.5)
    if (first.transfersPerSecond > 0) return node
    node.stop()
    throw new Error(`${plan.to.ip}:${plan.to.port} sends ${plan.source} no ${plan.zone}`)
  }

  measure(seconds: number): Promise<GoodNodeFigures> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`the good node ended with ${code}`))
      this.#child.once('exit', onExit)
      this.#lines.once('line', (line) => {
        this.#child.off('exit', onExit)
        resolve(JSON.parse(line) as GoodNodeFigures)
      })
      this.#child.stdin!.write(`measure ${seconds}\n`)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}
