/** Decides if an owner in stored form is in a zone. */

/** The owner data[owner, owner + length) ends in the apex (lower case), on a label boundary. */
export function isInZone(data: Uint8Array, owner: number, length: number, apex: Uint8Array): boolean {
  const from = owner + length - apex.length
  if (from < owner) return false
  for (let i = 0; i < apex.length; i++) {
    let c = data[from + i]!
    if (c >= 0x41 && c <= 0x5a) c += 0x20
    if (c !== apex[i]) return false
  }
  // A label boundary: the match must start where a label starts.
  let o = owner
  while (o < from) o += 1 + data[o]!
  return o === from
}
