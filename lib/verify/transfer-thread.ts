/** The thread that receives zones from nodes and compares them, so that the event loop has no part in it (transfer-threads.ts). */
import { parentPort } from 'node:worker_threads'
import { TsigKey, type TsigKeyParts } from '../dns/tsig-record.js'
import type { Endpoint } from '../dns/endpoint.js'
import type { Remote } from '../fleet/remote.js'
import { describeError, ZonecastError } from '../errors.js'
import { goAsUsual } from '../runtime/priority.js'
import { KnownMessages } from './known-messages.js'
import { RecordKeys } from '../zone/record-keys.js'
import { type Received, readFromNode, type ReadWish } from './transfer-reader.js'

export interface ReadRequest extends Omit<ReadWish, 'remote' | 'apex' | 'keys' | 'known'> {
  id: number
  remote: { id: string; address: Endpoint; key: TsigKeyParts | undefined; tls: Remote['tls'] }
  apex: Uint8Array
  keys: SharedArrayBuffer | undefined
  known: SharedArrayBuffer
}

/** `fault`: of an error that zonecast threw. */
export type ReadReply =
  | { id: number; received: Omit<Received, 'extras' | 'otherTtls'> & { extras: Uint8Array; otherTtls: Uint8Array } }
  | { id: number; error: string; fault: { code: string; rcode?: number } | undefined }

goAsUsual()

async function reply({ id, remote, apex, keys, known, ...wish }: ReadRequest): Promise<ReadReply> {
  try {
    const key = remote.key && TsigKey.fromParts(remote.key)
    const received = await readFromNode({
      ...wish,
      remote: { ...remote, key },
      apex: Buffer.from(apex),
      keys: keys && RecordKeys.on(keys),
      known: KnownMessages.on(known),
    })
    return { id, received }
  } catch (error) {
    return { id, error: describeError(error), fault: error instanceof ZonecastError ? error.fault : undefined }
  }
}

parentPort!.on('message', (request: ReadRequest) => {
  void reply(request).then((answer) => parentPort!.postMessage(answer))
})
