/** Catalog zones written as lines, for tests: `owner TYPE rdata`, PTR and TXT alone. */
import { nameToWire } from '../../lib/dns/name.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'

export function storedRecord(owner: string, type: 'SOA' | 'NS' | 'PTR' | 'TXT' | 'A', value = ''): Buffer {
  const wire = nameToWire(owner)
  const rdata = {
    SOA: () =>
      Buffer.concat([nameToWire('invalid.'), nameToWire('invalid.'), Buffer.from([0, 0, 0, Number(value)]), Buffer.alloc(16, 1)]),
    NS: () => nameToWire(value),
    PTR: () => nameToWire(value),
    TXT: () => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]),
    A: () => Buffer.from(value.split('.').map(Number)),
  }[type]()
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(TYPE[type], 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(rdata.length, 8)
  return Buffer.concat([Buffer.from([wire.length, 0]), wire, fixed, rdata])
}

export function catalogOf(apex: string, lines: readonly string[]): ZoneContents {
  const contents = new ZoneContents(nameToWire(apex))
  contents.add(storedRecord(apex, 'SOA', '1'), 0)
  contents.add(storedRecord(apex, 'NS', 'invalid.'), 0)
  for (const line of lines) {
    const [owner, type, value] = line.split(' ')
    contents.add(storedRecord(owner!, type as 'PTR', value), 0)
  }
  return contents
}
