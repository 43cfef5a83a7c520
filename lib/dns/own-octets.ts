/**
 * The octets in memory of their own, for those that are kept: a small buffer of Node.js is a part of a block of 8 KiB, and keeps the
 * whole block for as long as it lives.
 */
export function ownOctets(octets: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(octets.length)
  octets.copy(own)
  return own
}
