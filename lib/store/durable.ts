/** Makes names in a directory durable: a rename or a new file is durable only when its directory is synced. */
import { type FileHandle, open } from 'node:fs/promises'

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes all of it at the file's position: one call may write less than it was given. */
export async function writeAll(handle: FileHandle, data: Buffer): Promise<void> {
  for (let written = 0; written < data.length; )
    written += (await handle.write(data, written, data.length - written)).bytesWritten
}
