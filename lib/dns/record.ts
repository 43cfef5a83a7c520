/**
 * The stored form of resource records, the only one behind the wire: no compression, names complete, letter case as received.
 *
 *   stored form:  [owner length 1] [mark 1] [owner] [type 2] [class 2] [ttl 4] [rdlength 2] [rdata]
 *
 * From the owner on it is a valid uncompressed record (RFC 1035 §3.2.1). The arena that stores the record sets the mark.
 * Not here: how it is made from a message (record-reader.ts).
 */

/** Octets of the stored form before the owner. */
export const STORED_HEAD = 2
/**
 * Maximum of octets of one stored record while it is read: head, owner, 10 fixed, 65535 of RDATA, the growth by decompression, and
 * room behind it, as octets are copied four at a time.
 */
export const MAX_STORED_OCTETS = 2 + 255 + 10 + 65535 + 512 + 4

/** Offset of a stored record's RDATA. */
export const rdataStart = (data: Uint8Array, at: number): number => at + STORED_HEAD + data[at]! + 10
export const rdataLength = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 8
  return (data[o]! << 8) | data[o + 1]!
}
export const storedLength = (data: Uint8Array, at: number): number => STORED_HEAD + data[at]! + 10 + rdataLength(data, at)
export const storedType = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]!
  return (data[o]! << 8) | data[o + 1]!
}
export const storedClass = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 2
  return (data[o]! << 8) | data[o + 1]!
}
export const storedTtl = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 4
  return ((data[o]! << 24) | (data[o + 1]! << 16) | (data[o + 2]! << 8) | data[o + 3]!) >>> 0
}
export const storedOwner = (data: Buffer, at: number): Buffer => data.subarray(at + STORED_HEAD, at + STORED_HEAD + data[at]!)
