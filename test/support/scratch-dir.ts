/** Folders for tests under the system's temporary folder; removed after the test file. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call inside describe(): returns a function that makes a new empty folder; all are removed after the describe. */
export function scratchDirs(): () => string {
  const made: string[] = []
  after(async () => {
    // A hub that ends in a later hook may still write there.
    for (const dir of made) await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  return () => {
    const dir = mkdtempSync(join(tmpdir(), 'zonecast-test-'))
    made.push(dir)
    return dir
  }
}
