/** Questions over TLS: all of them to one server share a connection, which is kept (RFC 9103 §6.2.2). */
import { endpointText } from '../dns/endpoint.js'
import { BulkAsker, type BulkRemote, TLS_MANNER } from './bulk-asker.js'
import { TransportError } from './errors.js'

export interface TlsQuestion {
  /** Makes the message anew for each try. */
  build: (id: number) => Buffer
  isAnswer: (message: Buffer) => boolean
}

/** Gets the answer, or the error that ended the wait. */
export type TlsTaker = (answer: Buffer | undefined, error?: TransportError) => void

export class TlsAsker {
  readonly #bulk: BulkAsker

  /** `sources`: local addresses, at most one per family. */
  constructor(sources: readonly string[]) {
    this.#bulk = new BulkAsker(sources, TLS_MANNER)
  }

  /** Calls `done` once, after this call. A kept connection that turns out closed is replaced once. */
  send(remote: BulkRemote, question: TlsQuestion, done: TlsTaker, isAgain = false): void {
    const isTaken = this.#bulk.ask(remote, [
      {
        build: question.build,
        done: (answer, error) => {
          if (error?.code === 'TRANSPORT_CLOSED_EARLY' && !isAgain) this.send(remote, question, done, true)
          else if (answer !== undefined && !question.isAnswer(answer)) done(undefined, otherAnswer(remote))
          else done(answer, error)
        },
      },
    ])
    if (!isTaken) setImmediate(() => done(undefined, tooMany(remote)))
  }

  /** Throws TransportError. */
  ask(remote: BulkRemote, question: TlsQuestion): Promise<Buffer> {
    return new Promise((resolve, reject) =>
      this.send(remote, question, (answer, error) => (answer === undefined ? reject(error) : resolve(answer))),
    )
  }

  close(): void {
    this.#bulk.close()
  }
}

const closed = (remote: BulkRemote, what: string): TransportError => {
  const text = endpointText(remote.address)
  return new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote: text }, `${text}: ${what}`)
}
const otherAnswer = (remote: BulkRemote): TransportError => closed(remote, 'the answer is to another question')
const tooMany = (remote: BulkRemote): TransportError => closed(remote, 'too many questions wait for an answer')
