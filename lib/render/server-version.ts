/** Versions of name servers. */

/** True when `4.6.1` is at least `4.5`. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split('.').map(Number))
  for (const [i, number] of want!.entries()) if ((have![i] ?? 0) !== number) return (have![i] ?? 0) > number
  return true
}
