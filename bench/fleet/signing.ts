/** TSIG of the simulators: one key for the link to the hub. Messages have their length in front, as those of wire.ts. */
import { frame } from '../../lib/dns/framing.js'
import { AnswerSigner, AnswerVerifier, signRequest, verifyRequest } from '../../lib/dns/tsig.js'
import { findTsig, TsigKey } from '../../lib/dns/tsig-record.js'
import type { LabKey } from '../../lab/server.js'

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export class Signing {
  readonly #key: TsigKey

  constructor({ name, algorithm, secret }: LabKey) {
    this.#key = new TsigKey(name, algorithm, Buffer.from(secret, 'base64'))
  }

  request(framed: Buffer): { framed: Buffer; mac: Buffer } {
    const { message, mac } = signRequest(this.#key, framed.subarray(2), nowSeconds())
    return { framed: frame(message), mac }
  }

  /** Signs the answer as the request was; undefined for a request with a bad signature. */
  answer(request: Buffer, answer: (request: Buffer) => Buffer | undefined): Buffer | undefined {
    const tsig = tsigOf(request)
    if (tsig === undefined) return answer(request)
    const key = this.#key
    const verdict = verifyRequest(request, tsig, (name) => (name.equals(key.wireName) ? key : undefined), nowSeconds())
    const framed = verdict.kind === 'verified' ? answer(request) : undefined
    return framed && frame(new AnswerSigner(key, tsig.mac).sign(framed.subarray(2), nowSeconds()))
  }

  /** True for the answer to the request with this MAC, signed with the key. */
  accepts(answer: Buffer, mac: Buffer): boolean {
    try {
      return new AnswerVerifier(this.#key, mac).accept(answer, nowSeconds())
    } catch {
      return false
    }
  }
}

/** Undefined without TSIG, and for a message that cannot be read. */
export function tsigOf(message: Buffer): ReturnType<typeof findTsig> {
  try {
    return findTsig(message)
  } catch {
    return undefined
  }
}
