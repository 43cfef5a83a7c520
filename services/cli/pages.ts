/** Reads all pages of a list from the API. */
import type { z } from 'zod'
import type { ApiClient } from './api-client.js'

/** The rows of all pages of `path`. Throws CliError. */
export async function pagesOf<P extends { next?: string | null | undefined }, T>(
  client: ApiClient,
  path: string,
  schema: z.ZodType<P>,
  rowsOf: (page: P) => readonly T[],
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<T[]> {
  const all: T[] = []
  for (let after: string | undefined; ; ) {
    const page: P = await client.get(schema, path, { ...query, after })
    const rows = rowsOf(page)
    // One by one: a page may have more rows than a call may have arguments.
    for (const row of rows) all.push(row)
    if (page.next == null || rows.length === 0) return all
    after = page.next
  }
}
