/** Making names in a directory durable: a rename or a new file counts only once its directory is on disk. */
import { open } from 'node:fs/promises'

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
