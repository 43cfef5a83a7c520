/** Creates a small file in the first of several processes, closed to others, completely or not at all. */
import { linkSync, rmSync, writeFileSync } from 'node:fs'

/** Does nothing when the file exists, or when this process may not write: then another one makes it. */
export function makeOnce(file: string, text: string): void {
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o600 })
    linkSync(draft, file)
  } catch {
    // The caller that needs the file and does not find it reports that.
  } finally {
    try {
      rmSync(draft, { force: true })
    } catch {
      // Nothing can be written here either.
    }
  }
}
