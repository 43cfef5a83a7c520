/** The API under random requests: no answer of 500 or above, no fault, and a correct caller is answered. */
import { connect } from 'node:net'
import { ApiScene, NOT_READY } from './api-scene.js'
import type { Family, Note } from './family.js'
import { brokenRequest, soundRequest } from './http-requests.js'
import type { Dice } from './mutate.js'

/** A refused caller waits for a second, which tests nothing more. */
const PATIENCE_MS = 300
const CALLERS = 8
/** Longer than any call of the correct caller, also on a busy machine. */
const ANSWER_MS = 10_000

interface Call {
  octets: Buffer
  /** From 127.0.0.0/8: requests without a token are counted by network. */
  from: string
  /** Milliseconds until the connection is reset, as any caller may do. */
  resetAfter: number | undefined
  /** The positions where the octets are split into segments. */
  cut: number
}

/** All octets from the server until either end closes the connection. */
function call(to: { ip: string; port: number }, { octets, from, resetAfter, cut }: Call): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: to.ip, port: to.port, localAddress: from })
    let text = ''
    const timers = [setTimeout(() => socket.destroy(), PATIENCE_MS)]
    if (resetAfter !== undefined) timers.push(setTimeout(() => socket.resetAndDestroy(), resetAfter))
    socket.on('data', (part) => {
      text += part.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer)
      resolve(text)
    })
    socket.write(octets.subarray(0, cut))
    if (cut < octets.length) timers.push(setTimeout(() => socket.writable && socket.write(octets.subarray(cut)), 2))
  })
}

const statusesIn = (text: string): number[] => [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))

function randomCall(dice: Dice): Call {
  const octets = dice.roll(4) === 0 ? brokenRequest(dice) : soundRequest(dice)
  return {
    octets,
    from: `127.${1 + dice.roll(250)}.${dice.roll(250)}.${1 + dice.roll(250)}`,
    resetAfter: dice.roll(10) === 0 ? dice.roll(20) : undefined,
    cut: dice.roll(4) === 0 ? dice.roll(octets.length) : octets.length,
  }
}

class Http implements Family {
  readonly #scene: ApiScene
  #rounds = 0

  constructor(scene: ApiScene) {
    this.#scene = scene
  }

  async play(dice: Dice, note: Note): Promise<void> {
    const calls = Array.from({ length: CALLERS }, () => randomCall(dice))
    for (const { octets } of calls) note(() => JSON.stringify(octets.toString('latin1')))
    const answers = await Promise.all(calls.map((each) => call(this.#scene.address, each)))
    for (const answer of answers)
      if (statusesIn(answer).some((status) => status >= 500) && !answer.includes(NOT_READY))
        throw new Error(`${answer.slice(0, 2_000)}\n${this.#scene.errors.join('\n')}`)
    if (this.#scene.errors.length > 0) throw new Error(this.#scene.errors.join('\n'))
    if (this.#rounds++ % 10 === 0) await this.#askWell()
  }

  async #askWell(): Promise<void> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer to a good caller within ${ANSWER_MS} ms`)), ANSWER_MS).unref()
    })
    await Promise.race([this.#scene.get('/v1/status', this.#rounds), late])
    if (({} as Record<string, unknown>).polluted !== undefined || Object.keys(Object.prototype).length > 0)
      throw new Error(`Object.prototype has ${Object.keys(Object.prototype)}`)
  }

  async close(): Promise<void> {
    await this.#scene.stop()
  }
}

export const openHttp = async (): Promise<Family> => new Http(await ApiScene.start())
