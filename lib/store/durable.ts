/** Makes names in a directory durable: a rename or a new file is durable only when its directory is synced. */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Opens a file for writing, and makes its directory only when there is none. */
export async function openIn(file: string, flags: number): Promise<FileHandle> {
  try {
    return await open(file, flags, 0o640)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(file), { recursive: true, mode: 0o750 })
    return await open(file, flags, 0o640)
  }
}

/** Writes all of it at the file's position: one call may write less than it was given. */
export async function writeAll(handle: FileHandle, data: Buffer): Promise<void> {
  for (let written = 0; written < data.length; )
    written += (await handle.write(data, written, data.length - written)).bytesWritten
}
