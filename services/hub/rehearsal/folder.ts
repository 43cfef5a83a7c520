/** The folder of a rehearsal under dataDir. Processes that share dataDir have one each; those of processes that were killed are swept. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const PREFIX = 'rehearsal-'
/** A folder is in use for some seconds; this one is of a process that was killed. Milliseconds. */
const LEFT_BEHIND_MS = 600_000

/** Returns the path of a new folder. Rejects with the error of the file system. */
export async function makeFolder(dataDir: string): Promise<string> {
  for (const name of await readdir(dataDir)) if (name.startsWith(PREFIX)) await sweep(join(dataDir, name))
  return await mkdtemp(join(dataDir, PREFIX))
}

async function sweep(path: string): Promise<void> {
  const madeAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    // Its process has removed it meanwhile.
    () => Number.POSITIVE_INFINITY,
  )
  if (Date.now() - madeAt > LEFT_BEHIND_MS) await rm(path, { recursive: true, force: true })
}
