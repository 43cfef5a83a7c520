/** Folders for tests under the system's temporary folder; removed after the test file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call inside describe(): returns a function that makes a new empty folder; all are removed after the describe. */
export function scratchDirs(): () => string {
  const made: string[] = []
  after(() => {
    for (const dir of made) rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return () => {
    const dir = mkdtempSync(join(tmpdir(), 'zonecast-test-'))
    made.push(dir)
    return dir
  }
}
