/**
 * A large signed zone, and the same with a change of about 1 in 1,000 records: delegations with glue as in the large zone, some
 * removed, some new, signed by Knot's kzonesign with ECDSA P-256 and NSEC. Unchanged records keep their signatures.
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { commandOf, findProgram } from '../lab/program.js'
import { nameToWire } from '../lib/dns/name.js'
import { recordText } from '../lib/dns/record-text.js'
import { ZoneContents } from '../lib/zone/zone-contents.js'
import { record } from '../test/support/record-lines.js'
import { largeRecord, soaRecord, storedRecord } from './large-zone.js'
import { TYPE } from '../lib/dns/rrtype.js'

export const ZONE = 'large.example.'

/** Three records, plus the NSEC and RRSIG of a delegation. */
const RECORDS_PER_DELEGATION = 5
/** Records that change with one delegation: its own, and those of the name before it. */
const RECORDS_PER_CHANGE = 9

const CONFIG = (folder: string): string => `
server:
    rundir: ${folder}
    background-workers: 2
database:
    storage: ${folder}
policy:
  - id: bench
    algorithm: ECDSAP256SHA256
    signing-threads: 2
    nsec3: off
    rrsig-lifetime: 60d
    rrsig-refresh: 14d
zone:
  - domain: ${ZONE}
    storage: ${folder}
    file: zone
    dnssec-signing: on
    dnssec-policy: bench
    serial-policy: increment
`

export interface SignedZone {
  /** The file for the tools to verify. */
  file: string
  before: ZoneContents
  after: ZoneContents
}

/** Undefined without kzonesign. */
export async function signedZone(folder: string, records: number): Promise<SignedZone | undefined> {
  if (findProgram('kzonesign') === undefined) return undefined
  await mkdir(folder, { recursive: true })
  const [config, file, done] = [join(folder, 'knot.conf'), join(folder, 'zone'), join(folder, 'signed')]
  await writeFile(config, CONFIG(folder))
  const sign = (): void => {
    const command = commandOf('kzonesign', ['-c', config, '-o', done, ZONE])
    const { status, stderr } = spawnSync(...command, { encoding: 'utf8', timeout: 600_000 })
    if (status !== 0) throw new Error(`kzonesign: ${stderr}`)
  }
  await mkdir(done, { recursive: true })
  const delegations = Math.floor(records / RECORDS_PER_DELEGATION)
  await writeLines(file, plainLines(delegations))
  sign()
  const before = await readZone(join(done, 'zone'))
  const changes = Math.max(1, Math.floor(before.records / 1000 / RECORDS_PER_CHANGE / 2))
  const step = Math.floor(delegations / changes)
  await writeLines(file, changedLines(join(done, 'zone'), changes, step))
  sign()
  return { file: join(done, 'zone'), before, after: await readZone(join(done, 'zone')) }
}

function* plainLines(delegations: number): Generator<string> {
  yield recordText(soaRecord(ZONE, 1), 0)
  yield recordText(storedRecord(ZONE, TYPE.NS, 3600, nameToWire(`ns1.${ZONE}`)), 0)
  yield recordText(storedRecord(`ns1.${ZONE}`, TYPE.A, 3600, Buffer.from([192, 0, 2, 1])), 0)
  for (let i = 0; i < delegations * 3; i++) yield recordText(largeRecord(ZONE, i), 0)
}

/** Writes the next serial; every `step`th delegation is replaced by another one. */
async function* changedLines(file: string, changes: number, step: number): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [owner = '', , type] = line.split(/\s+/)
    if (type === 'SOA') {
      yield recordText(soaRecord(ZONE, 2), 0)
      continue
    }
    const number = /(?:^|\.)d(\d{7})\./.exec(owner)?.[1]
    const isGone = number !== undefined && Number(number) % step === 1 && Number(number) < changes * step
    if (!isGone) yield line
    else if (type !== 'NSEC' && type !== 'RRSIG') yield line.replaceAll(`d${number}.`, `d${number}x.`)
  }
}

const writeLines = (file: string, lines: Iterable<string> | AsyncIterable<string>): Promise<void> =>
  pipeline(
    Readable.from(
      (async function* () {
        let block = ''
        for await (const line of lines) {
          block += `${line}\n`
          if (block.length < 1 << 16) continue
          yield block
          block = ''
        }
        yield block
      })(),
    ),
    createWriteStream(file),
  )

async function readZone(file: string): Promise<ZoneContents> {
  const contents = new ZoneContents(nameToWire(ZONE))
  for await (const line of createInterface({ input: createReadStream(file) }))
    if (line !== '' && !line.startsWith(';')) contents.add(record(line), 0)
  return contents
}
