/** In the journal of systemd each line has its priority; anywhere else it is JSON alone. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { pino } from 'pino'
import { isJournal } from '../../../lib/runtime/journal.js'
import { journalLines, LEVEL_NAMES } from '../../../lib/runtime/logger.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('the journal', () => {
  const scratch = scratchDirs()

  it('is where JOURNAL_STREAM names the device and inode of the output', () => {
    const fd = openSync(join(scratch(), 'out'), 'w')
    const { dev, ino } = fstatSync(fd, { bigint: true })
    expect(isJournal(`${dev}:${ino}`, fd)).to.equal(true)
    // A hub that was started in a service, with its output in a file, inherits the variable.
    for (const other of [`${dev}:${ino + 1n}`, `${dev + 1n}:${ino}`, '', undefined, 'x', '1:2:3', `${dev}:${ino} `])
      expect(isJournal(other, fd), String(other)).to.equal(false)
    closeSync(fd)
    expect(isJournal(`${dev}:${ino}`, fd)).to.equal(false)
  })

  it('gets one line for each event, with its priority and the name of its level', () => {
    const lines: string[] = []
    const log = pino({ level: 'trace', formatters: LEVEL_NAMES }, journalLines({ write: (line) => lines.push(line) }))
    for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const)
      log[level]({ err: 'first\nsecond' }, `a ${level}\nin two lines`)
    expect(lines.map((line) => line.slice(0, 4))).to.deep.equal(['<2>{', '<3>{', '<4>{', '<6>{', '<7>{', '<7>{'])
    for (const line of lines) expect(line.indexOf('\n'), line).to.equal(line.length - 1)
    expect(lines.map((line) => JSON.parse(line.slice(3)).level)).to.deep.equal([
      'fatal',
      'error',
      'warn',
      'info',
      'debug',
      'trace',
    ])
  })
})
