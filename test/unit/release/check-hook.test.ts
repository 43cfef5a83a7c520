/** The operator's check command: its input, and its results, none of which is an approval. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { CheckReport } from '../../../lib/checks/check.js'
import { type HookWish, runHook } from '../../../lib/release/check-hook.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const TEXT = ['example. 300 IN SOA a. b. 2 1 1 1 1\n', 'example. 300 IN NS ns.test.\n']

async function* lines(list: readonly string[] = TEXT): AsyncGenerator<string> {
  yield* list
}

/** A process that ended and waits to be reaped does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

const run = (script: string, wish: Partial<HookWish> = {}): Promise<CheckReport> =>
  runHook({
    mode: 'hold',
    command: ['/bin/sh', '-c', script],
    timeoutMs: 10_000,
    zone: 'example.',
    serial: 2,
    previousSerial: 1,
    text: () => lines(),
    input: 'stdin',
    env: { PATH: process.env.PATH, HOME: '/nowhere', SECRET: 'no' },
    ...wish,
  })

describe('the check command', () => {
  const newDir = scratchDirs()

  it('passes with exit code 0', async () => {
    expect(await run('exit 0')).to.deep.equal({
      check: 'hook',
      verdict: 'pass',
      report: 'The hook /bin/sh approved serial 2.',
    })
  })

  const REFUSALS: readonly { id: string; script: string; says: RegExp; wish?: Partial<HookWish> }[] = [
    {
      id: 'another exit code',
      script: 'echo out; echo err >&2; exit 3',
      says: /ended with exit code 3\.\nIt printed:\nout\nerr$/,
    },
    { id: 'nothing printed', script: 'exit 1', says: /exit code 1\.\nIt printed nothing\.$/ },
    { id: 'a signal', script: 'kill -KILL $$', says: /was ended by SIGKILL/ },
    { id: 'no such program', script: '', says: /could not be started: .*ENOENT/, wish: { command: ['/no/such/program'] } },
    { id: 'the end of its time', script: 'sleep 30', says: /ran longer than 200 ms and was ended/, wish: { timeoutMs: 200 } },
    {
      id: 'an error in the text of the zone',
      script: 'cat >/dev/null',
      says: /could not receive the zone: broken/,
      wish: { text: broken() },
    },
    {
      id: 'an error in the text on its way to a file',
      script: 'exit 0',
      says: /broken/,
      wish: { text: broken(), input: 'file' },
    },
  ]

  async function* broken(): AsyncGenerator<string> {
    yield 'x'
    throw new Error('broken')
  }

  for (const { id, script, says, wish } of REFUSALS)
    it(`does not pass with ${id}`, async () => {
      const report = await run(script, wish)
      expect(report.verdict).to.equal('hold')
      expect(report.report).to.match(says)
    })

  it('causes a warning in mode warn', async () => {
    expect((await run('exit 1', { mode: 'warn' })).verdict).to.equal('warn')
  })

  it('gets the zone on its standard input, its name and serial in the environment, and nothing else', async () => {
    const { report } = await run('cat; env | sort; exit 1')
    expect(report).to.include(TEXT.join('').trim())
    for (const line of ['ZONECAST_ZONE=example.', 'ZONECAST_SERIAL=2', 'ZONECAST_PREVIOUS_SERIAL=1', 'HOME=/nowhere'])
      expect(report.split('\n')).to.include(line)
    expect(report).not.to.include('SECRET')
    expect(report).not.to.include('ZONECAST_ZONE_FILE')
    expect((await run('env; exit 1', { previousSerial: undefined })).report).not.to.include('PREVIOUS')
  })

  it('gets the zone as a file that is deleted afterwards', async () => {
    const { report } = await run('echo "$ZONECAST_ZONE_FILE"; cat "$ZONECAST_ZONE_FILE"; exit 1', { input: 'file' })
    expect(report).to.include(TEXT.join('').trim())
    const file = report.split('\n').find((line) => line.startsWith('/'))!
    expect(() => readFileSync(file)).to.throw(/ENOENT/)
  })

  it('may leave its input unread', async () => {
    const much = Array.from({ length: 200 }, () => 'x'.repeat(10_000))
    expect((await run('exec <&-; exit 0', { text: () => lines(much) })).verdict).to.equal('pass')
    expect((await run('head -c 1 >/dev/null; exit 0', { text: () => lines(much) })).verdict).to.equal('pass')
  })

  it('may leave unread the text of an iterator without a return method', async () => {
    let given = 0
    const text = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 'x'.repeat(10_000), done: ++given > 200 }) }) }
    expect((await run('exec <&-; exit 0', { text })).verdict).to.equal('pass')
    expect(given).to.be.lessThan(200)
  })

  it('ends the iterator of the text when it does not read to the end', async () => {
    let isLeft = false
    const text = async function* (): AsyncGenerator<string> {
      try {
        for (;;) yield 'x'.repeat(10_000)
      } finally {
        isLeft = true
      }
    }
    expect((await run('exec <&-; exit 0', { text: text() })).verdict).to.equal('pass')
    expect(isLeft).to.equal(true)
  })

  it('has the end of a long output in its report', async () => {
    const { report } = await run('i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; exit 1')
    expect(report).to.match(/line 2999$/)
    expect(report).not.to.include('line 1\n')
    expect(Buffer.byteLength(report)).to.be.lessThan(2200)
  })

  it('ends with every process that it started', async () => {
    const pidFile = `${newDir()}/pid`
    const report = await run(`sleep 60 & echo $! > ${pidFile}; wait`, { timeoutMs: 300 })
    expect(report.verdict).to.equal('hold')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await eventually(() => expect(isRunning(pid)).to.equal(false), { timeoutMs: 3000 })
  })

  it('ends while a process that it left behind runs', async () => {
    const from = process.hrtime.bigint()
    expect((await run('sleep 60 & exit 0')).verdict).to.equal('pass')
    expect(Number(process.hrtime.bigint() - from) / 1e6).to.be.lessThan(5000)
  })
})
