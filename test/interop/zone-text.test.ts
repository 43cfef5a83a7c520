/**
 *   a record of every type, in the text form of `show` ──▶ named-checkzone, kzonecheck
 *
 * Both read it, and produce the original octets.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { commandOf } from '../../lab/program.js'
import { recordText } from '../../lib/dns/record-text.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { needsPeers } from '../support/peers.js'
import { record } from '../support/record-lines.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { RDATA_CASES, storedCase } from '../unit/dns/rdata-cases.js'

const APEX = [
  'example. 300 SOA ns1.example. host.example. 1 7200 900 1209600 60',
  'example. 300 NS ns1.example.',
  'ns1.example. 300 A 192.0.2.1',
]
/** Types that only the server itself adds to a zone. */
const NOWHERE: readonly number[] = [TYPE.SOA, TYPE.NULL, TYPE.MD, TYPE.MF]

const CASES = RDATA_CASES.filter(({ type }) => !NOWHERE.includes(type))

/** Each below its own name: no CNAME beside other data, no types that exclude each other. */
const zoneOf = (cases: typeof CASES): string =>
  [
    ...APEX.map((line) => recordText(record(line), 0)),
    ...cases.map((row, i) => recordText(storedCase(row, `r${i}.example.`), 0)),
    '',
  ].join('\n')

/** Knot 3.5 reads no KEY without a key (RFC 2535 §3.1.2) in any form of text; 3.2 reads it. */
const hasKey = ({ type, rdata }: (typeof CASES)[number]): boolean => type !== TYPE.KEY || rdata.length > 4

describe('the text of a zone', () => {
  needsPeers('bind', 'knot')
  const scratch = scratchDirs()

  it('is read by named-checkzone, which produces the same octets', () => {
    const folder = scratch()
    writeFileSync(join(folder, 'in'), zoneOf(CASES))
    const quiet = ['-k', '-m', '-M', '-n', '-r', '-S', '-T'].flatMap((check) => [check, 'ignore'])
    const args = [...quiet, '-i', 'none', '-s', 'full', '-o', join(folder, 'out'), 'example.', join(folder, 'in')]
    const { status, stdout, stderr } = spawnSync(...commandOf('named-checkzone', args), { encoding: 'utf8' })
    expect(status, stdout + stderr).to.equal(0)
    // Each in the generic form, like BIND's own output.
    const rdata = readFileSync(join(folder, 'out'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('r'))
      .map((line) => {
        const [owner, , ...rest] = line.split(/\s+/)
        const input = `${rest.join(' ')}\n`
        const generic = spawnSync(...commandOf('named-rrchecker', ['-u']), { input, encoding: 'utf8' }).stdout
        return [
          Number(owner!.slice(1).split('.')[0]),
          generic
            .replace(/^.*\\# \d+\s*/, '')
            .replace(/\s/g, '')
            .toLowerCase(),
        ] as const
      })
    expect(rdata.length).to.equal(CASES.length)
    for (const [i, hex] of rdata) expect(hex, CASES[i]!.id).to.equal(CASES[i]!.rdata.toString('hex'))
  }).timeout(20_000)

  it('is read by kzonecheck', () => {
    const folder = scratch()
    writeFileSync(join(folder, 'in'), zoneOf(CASES.filter(hasKey)))
    const args = ['-d', 'off', '-o', 'example.', join(folder, 'in')]
    const { status, stdout, stderr } = spawnSync(...commandOf('kzonecheck', args), { encoding: 'utf8' })
    expect(status, stdout + stderr).to.equal(0)
  })
})
