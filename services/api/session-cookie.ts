/** The cookie of a session: not for scripts, not for other sites, and over TLS only where the page came over TLS (RFC 6265). */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

const MOST_OCTETS = 4_096

/** Cookies of one host do not differ by port: hubs on one machine have names of their own. */
const nameAt = (port: number, isSecure: boolean): string => `${isSecure ? '__Host-' : ''}zonecast-${port}`

const isTls = (socket: Socket): boolean => 'encrypted' in socket && socket.encrypted === true

/** True when the browser speaks TLS, to this hub or to a proxy before it. */
const isSecure = ({ socket, headers }: IncomingMessage): boolean =>
  isTls(socket) || headers.origin?.startsWith('https://') === true

const attributes = (secure: boolean): string => `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`

/** The header Set-Cookie for a new session. */
export function cookieFor(req: IncomingMessage, id: string): string {
  const secure = isSecure(req)
  return `${nameAt(req.socket.localPort ?? 0, secure)}=${id}; ${attributes(secure)}`
}

/** The headers Set-Cookie that remove it. */
export function cookiesRemoved(req: IncomingMessage): string[] {
  const port = req.socket.localPort ?? 0
  const secure = isSecure(req)
  return [secure, false]
    .filter((each, i, all) => all.indexOf(each) === i)
    .map((each) => `${nameAt(port, each)}=; Max-Age=0; ${attributes(each)}`)
}

/** The id of the session in the request. */
export function sessionIdIn({ headers, socket }: IncomingMessage): string | undefined {
  const { cookie } = headers
  if (cookie === undefined || cookie.length > MOST_OCTETS) return undefined
  const port = socket.localPort ?? 0
  const names = isTls(socket) ? [nameAt(port, true)] : [nameAt(port, true), nameAt(port, false)]
  const given = new Map(
    cookie.split(';').map((pair) => {
      const i = pair.indexOf('=')
      return [pair.slice(0, Math.max(i, 0)).trim(), pair.slice(i + 1).trim()]
    }),
  )
  const id = names.map((name) => given.get(name)).find((value) => value !== undefined)
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
}
