/** Lists that the API answers in pages, as one list. */
import type { ApiClient } from './api-client.js'

type Page<K extends string, T> = { [key in K]: T[] } & { next: string | null }

/** All pages of `path`; the rows are under `key`. Throws CliError. */
export async function pagesOf<K extends string, T>(
  client: ApiClient,
  path: string,
  key: K,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<T[]> {
  const rows: T[] = []
  for (let after: string | undefined; ; ) {
    const page: Page<K, T> = await client.get<Page<K, T>>(path, { ...query, after })
    rows.push(...page[key])
    if (page.next == null || page[key].length === 0) return rows
    after = page.next
  }
}
