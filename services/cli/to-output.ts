/** Writes long answers to the standard output as they arrive. */
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { asciiOf } from './terminal.js'

/** Writes ASCII text at the speed of the reader. A reader that closes the pipe ends it. */
export async function toOutput(body: globalThis.ReadableStream<Uint8Array>): Promise<void> {
  try {
    const clean = new Transform({ transform: (octets, _encoding, done) => done(null, asciiOf(octets)) })
    await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), clean, process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}
