/**
 * Records with any owner and any RDATA, as in a transfer: every accepted record is printed, and a separate reader must read the
 * same octets from its line. The same for names, from any text.
 */
import { nameToWire, parseZoneName, wireToName } from '../../lib/dns/name.js'
import { RecordReader } from '../../lib/dns/record-reader.js'
import { recordText } from '../../lib/dns/record-text.js'
import { typeNumber } from '../../lib/dns/rrtype.js'
import { ZonecastError } from '../../lib/errors.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { zoneText } from '../../lib/zone/zone-text.js'
import { record, storedFrom } from '../support/record-lines.js'
import { rdataOf } from '../support/rdata-words.js'
import { rawRecord } from '../support/raw-message.js'
import { RDATA_CASES } from '../unit/dns/rdata-cases.js'
import type { Family, Note } from './family.js'
import { type Dice, mutate } from './mutate.js'

const APEX = nameToWire('example.')
const SOA = record('example. 300 SOA ns1.example. host.example. 1 7200 900 1209600 60')
const RDATA = RDATA_CASES.map(({ rdata }) => rdata)
const CLASSES = [1, 1, 1, 1, 1, 3, 4, 254, 255, 0, 65_535]
const CLASS_NUMBERS: Readonly<Record<string, number>> = { IN: 1, CH: 3, HS: 4 }
const RECORDS = 20
const SCRATCH = Buffer.alloc(140_000)

/** Labels of any octets below the apex, at most 255 octets in all. */
function ownerOf(dice: Dice): Buffer {
  const labels: Buffer[] = []
  for (let left = 255 - APEX.length; left > 1 && dice.roll(4) > 0; ) {
    const length = 1 + dice.roll(Math.min(63, left - 1, dice.pick([2, 10, 63])))
    labels.push(Buffer.from([length, ...Array.from({ length }, () => octetOf(dice))]))
    left -= 1 + length
  }
  return Buffer.concat([...labels, APEX])
}

const octetOf = (dice: Dice): number => (dice.roll(3) === 0 ? dice.roll(256) : dice.pick([...Buffer.from('aZ09-_*.\\"();@$ ')]))

/** A record in a message of its own; most have sound RDATA with a fault. */
function wireRecord(dice: Dice): Buffer {
  const { type, rdata } = dice.pick(RDATA_CASES)
  const octets = dice.roll(4) === 0 ? rdata : mutate(rdata, dice, RDATA)
  return rawRecord(ownerOf(dice), dice.roll(20) === 0 ? dice.roll(65_536) : type, octets, {
    klass: dice.pick(CLASSES),
    ttl: dice.roll(3) === 0 ? dice.next() : 300,
  })
}

/** `owner TTL class type RDATA`, in the form of any name server. */
function readLine(line: string): Buffer {
  const [owner, ttl, klass, type, ...words] = line.match(/"(?:[^"\\]|\\.)*"|(?:[^\s\\]|\\.)+/g) ?? []
  const number = typeNumber(type ?? '')
  const klassNumber = CLASS_NUMBERS[klass ?? ''] ?? Number(/^CLASS(\d+)$/.exec(klass ?? '')?.[1])
  if (number === undefined || Number.isNaN(klassNumber)) throw new Error(`neither type nor class in: ${line}`)
  return storedFrom(nameToWire(owner!), number, Number(ttl), rdataOf(number, words), klassNumber)
}

function printAndRead(stored: Buffer): void {
  const line = recordText(stored, 0)
  if (!/^[\x20-\x7e]+$/.test(line)) throw new Error(`not a line of printable characters: ${JSON.stringify(line)}`)
  const again = readLine(line)
  if (!again.equals(stored)) throw new Error(`${line}\nread back is ${again.toString('hex')}, was ${stored.toString('hex')}`)
}

/** Undefined for a record that the reader refuses with a code. */
function received(message: Buffer): Buffer | undefined {
  const reader = new RecordReader()
  try {
    reader.read(message, 0, SCRATCH, 0)
  } catch (error) {
    if (error instanceof ZonecastError) return undefined
    throw error
  }
  return Buffer.from(SCRATCH.subarray(0, reader.length))
}

function printZone(records: readonly Buffer[]): void {
  const contents = new ZoneContents(APEX)
  contents.add(SOA, 0)
  for (const stored of records) contents.add(stored, 0)
  const view = contents.view()
  const lines = [...zoneText(SOA, view, 7)].join('').trimEnd().split('\n')
  view.release()
  if (lines[0] !== recordText(SOA, 0)) throw new Error(`the first line is ${lines[0]}`)
  for (const line of lines.slice(1)) if (!contents.has(readLine(line), 0)) throw new Error(`printed what is not in it: ${line}`)
}

function nameOfText(dice: Dice): void {
  const text = Array.from({ length: dice.roll(dice.pick([8, 80, 300])) }, () =>
    dice.roll(5) === 0
      ? dice.pick(['\\', '.', '\\046', '\\255', '\\256', 'ü', '𝄞', '\0', ' '])
      : String.fromCharCode(octetOf(dice) & 127),
  ).join('')
  let wire: Buffer
  try {
    wire = nameToWire(text)
  } catch (error) {
    if (error instanceof ZonecastError) return
    throw error
  }
  if (!nameToWire(wireToName(wire)).equals(wire)) throw new Error(`${JSON.stringify(text)} does not come back`)
  const name = parseZoneName(text)
  if (parseZoneName(name) !== name) throw new Error(`${JSON.stringify(text)} has two zone names`)
}

function play(dice: Dice, note: Note): void {
  nameOfText(dice)
  const records: Buffer[] = []
  for (let i = 0; i < RECORDS; i++) {
    const message = wireRecord(dice)
    const stored = received(message)
    if (stored === undefined) continue
    note(() => stored.toString('hex'))
    printAndRead(stored)
    records.push(stored)
  }
  // A transfer accepts class IN only (lib/xfr/inbound.ts).
  printZone(records.filter((stored) => stored.readUInt16BE(2 + stored[0]! + 2) === 1))
}

export const openZoneText = async (): Promise<Family> => ({ play })
