/** A small file that the first of several processes makes, closed to others, whole or not at all. */
import { linkSync, rmSync, writeFileSync } from 'node:fs'

/** Does nothing when the file is there, or when this process may not write: then another one makes it. */
export function makeOnce(file: string, text: string): void {
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o600 })
    linkSync(draft, file)
  } catch {
    // Said by whoever needs the file and does not find it.
  } finally {
    try {
      rmSync(draft, { force: true })
    } catch {
      // As above: nothing can be written here.
    }
  }
}
