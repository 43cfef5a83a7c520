/** Requests as the debug log shows them: chosen headers, no query, nothing that steers a terminal. */
import { printable } from '../../lib/runtime/printable.js'

/** Headers that hold no secret. What is not listed, such as authorization, cookie or x-api-key, is not logged. */
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
    // A query may hold what somebody took for the place of a token.
    url: `${printable(path!).slice(0, 500)}${query === undefined ? '' : '?[cut]'}`,
    headers: Object.fromEntries(shown),
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
  }
}

export const responseForLog = ({ statusCode }: { statusCode?: number }): Record<string, unknown> => ({ statusCode })
