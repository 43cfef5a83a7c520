/**
 * The arithmetic of the check `dnssec`: verifies signatures and hashes names in batches, which the caller may pass to threads.
 * The functions here run in such a thread. Not here: threads and their budget (lib/release/check-threads.ts).
 */
import { hash, verify } from 'node:crypto'
import { importKey, type ImportedKey } from './import-key.js'
import { HASH_OCTETS } from './nsec3-hash.js'

/** Signatures to verify. */
export interface SignatureBatch {
  octets: Uint8Array
  /** ROW numbers for each signature: see `signature-batch.ts`. */
  rows: Uint32Array
  count: number
}

/** Names to hash, each preceded by its length, letters folded. */
export interface NameBatch {
  octets: Uint8Array
  count: number
  iterations: number
  salt: Uint8Array
}

/**
 * A rejection ends the check: StoppedError when the budget is used up, ClosedError when the process ends, every other error as a
 * crash.
 */
export interface Compute {
  /** `keys`: DNSKEY RDATA. For each signature the index of the key that verifies it, or NO_KEY. */
  verify(keys: readonly Uint8Array[], batch: SignatureBatch): Promise<Uint8Array>
  /** The hashes, concatenated. */
  hash(batch: NameBatch): Promise<Uint8Array>
}

/** The check did not finish. The message is a sentence for the operator, without its full stop. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

/** The process ends; the version gets no verdict. */
export class ClosedError extends Error {
  override name = 'ClosedError'
}

export const NO_KEY = 255
/**
 * Numbers in a row: offset and length of the RRset, offset and length of the RRSIG's head, length of the signature, key indices.
 */
export const ROW = 6

/** Keys that stay imported; a zone has two to six. */
const MOST_IMPORTED = 256
const imported = new Map<string, ImportedKey>()

function keyOf(rdata: Uint8Array): ImportedKey {
  const octets = Buffer.from(rdata.buffer, rdata.byteOffset, rdata.byteLength)
  const id = octets.toString('latin1')
  let key = imported.get(id)
  if (key !== undefined) return key
  key = importKey(octets)
  if (imported.size >= MOST_IMPORTED) imported.clear()
  imported.set(id, key)
  return key
}

let scratch = Buffer.allocUnsafe(1 << 12)

/** The octets that a signature covers (RFC 4034 §3.1.8.1). Valid until the next call. */
function signedOctets(octets: Buffer, rows: Uint32Array, row: number): Buffer {
  const bodyAt = rows[row]!
  const bodyOctets = rows[row + 1]!
  const headAt = rows[row + 2]!
  const headOctets = rows[row + 3]!
  const length = headOctets + bodyOctets
  if (scratch.length < length) scratch = Buffer.allocUnsafe(length * 2)
  octets.copy(scratch, 0, headAt, headAt + headOctets)
  octets.copy(scratch, headOctets, bodyAt, bodyAt + bodyOctets)
  return scratch.subarray(0, length)
}

/** Computes the answer of Compute.verify synchronously. */
export function verifyBatch(keys: readonly Uint8Array[], { octets, rows, count }: SignatureBatch): Uint8Array<ArrayBuffer> {
  const found = new Uint8Array(count).fill(NO_KEY)
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  const used: ImportedKey[] = keys.map(keyOf)
  for (let i = 0; i < count; i++) {
    const row = i * ROW
    const signatureAt = rows[row + 2]! + rows[row + 3]!
    const signature = buffer.subarray(signatureAt, signatureAt + rows[row + 4]!)
    const data = signedOctets(buffer, rows, row)
    for (let shift = 0; shift < 32; shift += 8) {
      const index = (rows[row + 5]! >>> shift) & 255
      if (index === NO_KEY) break
      if (!isGood(used[index]!, data, signature)) continue
      found[i] = index
      break
    }
  }
  return found
}

/** A signature that cannot be read is a bad one. */
function isGood({ digest, verifier }: ImportedKey, data: Buffer, signature: Buffer): boolean {
  try {
    return verify(digest, data, verifier, signature)
  } catch {
    return false
  }
}

/** The longest name or a hash, and the longest salt. */
const MESSAGE = Buffer.alloc(512)

/** Computes the answer of Compute.hash synchronously (RFC 5155 §5). */
export function hashBatch({ octets, count, iterations, salt }: NameBatch): Uint8Array<ArrayBuffer> {
  const hashes = new Uint8Array(count * HASH_OCTETS)
  for (let i = 0, at = 0; i < count; i++) {
    const length = octets[at]!
    MESSAGE.set(octets.subarray(at + 1, at + 1 + length), 0)
    MESSAGE.set(salt, length)
    let digest = hash('sha1', MESSAGE.subarray(0, length + salt.length), 'buffer')
    if (iterations > 0) MESSAGE.set(salt, HASH_OCTETS)
    const message = MESSAGE.subarray(0, HASH_OCTETS + salt.length)
    for (let k = 0; k < iterations; k++) {
      digest.copy(MESSAGE, 0)
      digest = hash('sha1', message, 'buffer')
    }
    hashes.set(digest, i * HASH_OCTETS)
    at += 1 + length
  }
  return hashes
}

/** In the caller's thread, without a budget: for one-off tools and tests. */
export const computeHere: Compute = {
  verify: async (keys, batch) => verifyBatch(keys, batch),
  hash: async (batch) => hashBatch(batch),
}
