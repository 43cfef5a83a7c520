/**
 * Opens a connection to a server, over TCP or TLS. It is ready when the first query may be sent. Not here: what is sent on it.
 */
import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { guard } from '../runtime/guard.js'
import type { Endpoint } from '../dns/endpoint.js'
import type { RemoteTls } from '../fleet/remote.js'
import { refused, type TransportError, timedOut } from './errors.js'
import { connectOptions, objection, tlsFault } from './tls-remote.js'

export interface StreamWish {
  to: Endpoint
  tls: RemoteTls | undefined
  /** Local addresses, at most one per family. */
  sources: readonly string[]
  connectMs: number
  onread?: OnReadOpts
}

const KEEP_ALIVE_MS = 30_000
/** Bounds of the wait for the session of a server, milliseconds. */
const SESSION = { leastMs: 5, mostMs: 200 }

/**
 * Calls one of the two, once, always after this call; after `onReady` the errors of the socket are the caller's. The socket is
 * destroyed before `onFail`.
 */
export function openStream(wish: StreamWish, onReady: () => void, onFail: (error: TransportError) => void): Socket {
  const { to, tls, sources, connectMs, onread } = wish
  const source = sources.find((ip) => ip.includes(':') === to.ip.includes(':'))
  const options = {
    host: to.ip,
    port: to.port,
    ...(source === undefined ? {} : { localAddress: source }),
    ...(onread === undefined ? {} : { onread }),
  }
  const socket = tls === undefined ? connectTcp(options) : connectTls({ ...options, ...connectOptions(tls) })
  socket.setNoDelay(true)
  // A kept connection that a firewall has forgotten is found before the next query.
  if (tls !== undefined) socket.setKeepAlive(true, KEEP_ALIVE_MS)
  let isOver = false
  const end = (): boolean => {
    if (isOver) return false
    isOver = true
    clearTimeout(timer)
    socket.off('error', onError).off('close', onClose)
    return true
  }
  const fail = (error: TransportError): void => {
    if (!end()) return
    // Later errors of the socket have no meaning.
    socket.on('error', () => undefined).destroy()
    onFail(error)
  }
  const timer = setTimeout(
    guard('connect timer', () => fail(timedOut(to, connectMs))),
    connectMs,
  )
  const onError = guard('connect', (error: unknown) => fail(tlsFault(to, tls, error) ?? refused(to, error)))
  const onClose = guard('connect', () => fail(refused(to, { code: 'ECONNRESET' })))
  const ready = guard('connect', () => end() && onReady())
  socket.on('error', onError).on('close', onClose)
  if (!isTls(socket, tls)) {
    socket.once('connect', ready)
    return socket
  }
  const startedAt = performance.now()
  socket.once(
    'secureConnect',
    guard('connect', () => {
      const fault = objection(to, tls!, socket)
      if (fault !== undefined) fail(fault)
      else awaitSession(socket, performance.now() - startedAt, ready)
    }),
  )
  return socket
}

type SecureSocket = ReturnType<typeof connectTls>

const isTls = (socket: Socket, tls: RemoteTls | undefined): socket is SecureSocket =>
  tls !== undefined && 'alpnProtocol' in socket

/**
 * Servers send their session tickets first, and without TCP_NODELAY the answer waits until the kernel here acknowledges them, up to
 * 40 ms. A query that is sent when the first ticket came acknowledges it. A server that sends none costs the time of the handshake.
 */
function awaitSession(socket: SecureSocket, handshakeMs: number, ready: () => void): void {
  let isDone = false
  const go = (): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    // Octets that are written inside the event are lost.
    setImmediate(ready)
  }
  const timer = setTimeout(go, Math.min(SESSION.mostMs, Math.max(SESSION.leastMs, handshakeMs)))
  socket.once('session', go)
}
