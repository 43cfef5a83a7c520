/**
 * `zonecast demo`: shows the main job live. First versions, changes, a primary that dies, a resync; every serial and time in the
 * tables is an answer of the name servers themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { readEnvironment } from '../../config/env.js'
import { describeError } from '../../lib/errors.js'
import { Constellation, requirePrograms } from './constellation.js'
import { DemoError } from './errors.js'
import type { Screen } from './serial-board.js'
import { Story } from './story.js'

const CHANGE_EVERY_MS = 3000

/** Returns the exit status: 0 when everything worked, 1 after a failure, which is then on standard error. */
export async function runDemo({ once }: { once: boolean }): Promise<number> {
  const { stdout, stderr } = process
  const isLive = stdout.isTTY === true
  const screen: Screen = {
    write: (text) => void stdout.write(text),
    isLive,
    hasColour: isLive && !readEnvironment().noColor,
  }
  const interrupted = new AbortController()
  const onSignal = () => interrupted.abort(new DemoError({ code: 'DEMO_INTERRUPTED' }, 'interrupted'))
  // The handlers stay: a second Ctrl-C must not interrupt the cleanup.
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal)
  const cast = new Constellation()
  try {
    requirePrograms()
    const story = new Story(cast, screen, interrupted.signal)
    await story.tell()
    if (once) return 0
    await keepChanging(story, screen, interrupted.signal)
    return 0
  } catch (error) {
    if (error instanceof DemoError && error.code === 'DEMO_INTERRUPTED') return once ? 1 : 0
    stderr.write(`zonecast demo: ${describeError(error)}\n`)
    return 1
  } finally {
    screen.write(`\nStopping all servers…\n`)
    await cast.stop()
  }
}

async function keepChanging(story: Story, screen: Screen, signal: AbortSignal): Promise<never> {
  screen.write(`\nFrom now on a small change every ${CHANGE_EVERY_MS / 1000} s, until Ctrl-C.\n`)
  for (;;) {
    await sleep(CHANGE_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    await story.changeQuietly()
  }
}
