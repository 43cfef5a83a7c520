/**
 * Measures the checks before release: of a small change on a large signed zone, and of all its signatures beside the tools of
 * other name servers. The tools read the zone from a file and zonecast has it in memory: the time that a tool needs to read it is
 * reported apart.
 */
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandOf, findProgram } from '../lab/program.js'
import { checkSettingsFor, checksSchema } from '../config/checks-schema.js'
import type { CheckOutcome } from '../lib/checks/check.js'
import type { CheckInput } from '../lib/checks/check-input.js'
import { runChecks } from '../lib/checks/run-checks.js'
import { parseZoneName } from '../lib/dns/name.js'
import { CheckThreads } from '../lib/release/check-threads.js'
import { pause } from '../lib/runtime/turns.js'
import { compareContents } from '../lib/zone/compare.js'
import { KNOBS } from './knobs.js'
import { signedZone, ZONE } from './signed-zone.js'
import { type Measured, measured } from './statistics.js'

/** Changes measured; the first ones warm up. */
const TIMES = 21
const WARM_UP = 4

const TOOLS: readonly {
  who: string
  program: string
  args: (file: string) => string[]
  readArgs?: (file: string) => string[]
}[] = [
  { who: 'ldns-verify-zone', program: 'ldns-verify-zone', args: (file) => ['-V', '0', file] },
  { who: 'kzonecheck', program: 'kzonecheck', args: (file) => ['-d', 'on', '-o', ZONE, file] },
  { who: 'kzonecheck, without signatures', program: 'kzonecheck', args: (file) => ['-d', 'off', '-o', ZONE, file] },
]

export async function measureChecks(): Promise<Measured[]> {
  const folder = join(tmpdir(), `zonecast-bench-checks-${process.pid}`)
  const threads = new CheckThreads()
  try {
    const zone = await signedZone(folder, KNOBS.records)
    if (zone === undefined) {
      console.log('checks: kzonesign is missing: apt-get install knot-dnssecutils')
      return []
    }
    const { before, after, file } = zone
    const name = parseZoneName(ZONE)
    const input: CheckInput = {
      zone: ZONE,
      contents: after,
      previous: undefined,
      change: undefined,
      settings: checkSettingsFor(checksSchema.parse({}), [name])(name),
      now: Date.now(),
      whole: false,
      pause,
      compute: threads.begin({ cpuMs: Infinity, wallMs: Infinity, octets: Infinity }),
    }
    const { figures } = await run({ ...input, contents: before })
    const change = await compareContents(before, after, Number.POSITIVE_INFINITY, pause)
    const next = { ...input, previous: { serial: before.soa.serial, records: before.records, figures }, change }
    const small: number[] = []
    for (let i = 0; i < TIMES + WARM_UP; i++) small.push(await timeOf(() => run(next)))
    const count = change!.removed.count + change!.added.count
    const records = after.records.toLocaleString('en')
    const whole: number[] = []
    for (let i = 0; i < KNOBS.rounds; i++) whole.push(await timeOf(() => run({ ...next, whole: true })))
    const row = `all checks and signatures of a signed zone of ${records} records`
    return [
      measured(`all checks of a change of ${count} of ${records} signed records`, 'zonecast', 'ms', small.slice(WARM_UP)),
      measured(
        row,
        'zonecast',
        's',
        whole.map((ms) => ms / 1000),
      ),
      ...TOOLS.flatMap(({ who, program, args }) => {
        if (findProgram(program) === undefined) return []
        return [
          measured(
            row,
            who,
            's',
            Array.from({ length: KNOBS.rounds }, () => secondsOf(program, args(file))),
          ),
        ]
      }),
    ]
  } finally {
    threads.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Throws when a check does not pass: that is no measurement. */
async function run(input: CheckInput): Promise<CheckOutcome> {
  const outcome = await runChecks(input)
  if (outcome.verdict === 'hold') throw new Error(`the zone of the bench is held: ${JSON.stringify(outcome.reports)}`)
  return outcome
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await act()
  return performance.now() - from
}

function secondsOf(program: string, args: readonly string[]): number {
  const from = performance.now()
  const { status, stdout, stderr } = spawnSync(...commandOf(program, args), { encoding: 'utf8', timeout: 900_000 })
  if (status !== 0) throw new Error(`${program}: ${stdout.slice(-500)}${stderr.slice(-500)}`)
  return (performance.now() - from) / 1000
}
