/** Requests in the debug log: chosen headers, no query, no control characters. */
import { printable } from '../../lib/runtime/printable.js'

/** Headers that hold no secret. Other headers, such as authorization, cookie or x-api-key, are not logged. */
const HEADERS = ['host', 'user-agent', 'accept', 'content-type', 'content-length', 'origin', 'sec-fetch-site', 'x-forwarded-for']

interface LoggedRequest {
  id?: unknown
  method?: string
  url?: string
  headers?: Record<string, string | string[] | undefined>
  socket?: { remoteAddress?: string; remotePort?: number }
}

export function requestForLog({ id, method, url = '', headers = {}, socket }: LoggedRequest): Record<string, unknown> {
  const [path, query] = url.split('?', 2)
  const shown = HEADERS.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, printable(String(headers[name])).slice(0, 200)]],
  )
  return {
    id,
    method,
    // The caller may have put a token into the query.
    url: `${printable(path!).slice(0, 500)}${query === undefined ? '' : '?[cut]'}`,
    headers: Object.fromEntries(shown),
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
  }
}

export const responseForLog = ({ statusCode }: { statusCode?: number }): Record<string, unknown> => ({ statusCode })
