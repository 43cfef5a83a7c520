/** Random changes of a zone as nsupdate lines, from a seed that is printed so that a failure can be repeated. */
import { createHash } from 'node:crypto'

export type Random = () => number

/** Numbers in [0, 1); the same for the same words. ZONECAST_TEST_SEED selects another series. */
export function seeded(words: string): Random {
  const seed = process.env.ZONECAST_TEST_SEED ?? '1'
  console.log(`      seed ${seed} (ZONECAST_TEST_SEED)`)
  let state = createHash('sha256').update(`${seed} ${words}`).digest().readUInt32BE(0)
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** One to eight lines: hosts are added and removed, change address or TTL, names change case, odd types appear. */
export function randomChange(zone: string, random: Random, number: number): string[] {
  const pick = (n: number): number => Math.floor(random() * n)
  const lines = [`add change${number}.${zone} 60 TXT "change ${number}"`]
  for (let i = pick(8); i > 0; i--) {
    const host = `r${pick(40)}.${zone}`
    switch (pick(7)) {
      case 0:
        lines.push(`delete ${host}`)
        break
      case 1:
        lines.push(`delete ${host} A`, `add ${host} ${60 + pick(5) * 60} A 192.0.2.${pick(250)}`)
        break
      case 2:
        lines.push(`add ${host} 300 AAAA 2001:db8::${pick(9999)}`)
        break
      case 3:
        lines.push(`add ${host} 300 MX ${pick(50)} Ns1.${zone}`)
        break
      case 4:
        lines.push(`add ${host} 300 CAA 0 issue "ca${pick(9)}.example"`)
        break
      case 5:
        lines.push(`add _s._tcp.${host} 300 SRV 0 ${pick(9)} 53 ${host}`)
        break
      default:
        lines.push(`add ${host} 300 TYPE65280 \\# 4 ${String(pick(9999)).padStart(8, '0')}`)
    }
  }
  if (number > 3) lines.push(`delete change${number - 3}.${zone}`)
  return lines
}
