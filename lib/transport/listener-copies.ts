/**
 * Copies of a listening TCP socket. The event loop accepts one connection of each listening socket in a turn, so a hub with much
 * work would accept some twenty a second while hundreds wait. Node.js cannot copy a descriptor: a child process is sent the
 * socket, sends it back several times, and is ended.
 */
import { spawn } from 'node:child_process'
import { Server, type Socket } from 'node:net'

const CHILD_MS = 10_000
/** A rush: so many connections in this time. */
const RUSH = { connections: 32, withinMs: 1_000 }
/** Copies of each listening socket: a turn of the event loop accepts as many connections more. */
const COPIES = 15
const CHILD = `process.on('message', (count, handle) => {
  for (let i = 0; i < count; i++) process.send(i, handle, { keepOpen: true })
})
process.on('disconnect', () => process.exit())`

/**
 * The socket alone, which has no name in the interface of Node.js: a child that is sent the server itself accepts connections, and
 * they end with it. Undefined for a server that does not listen.
 */
const handleOf = (server: Server): Server | undefined => (server as unknown as { _handle: Server | null })._handle ?? undefined

type OnConnection = (socket: Socket) => void

/** Fewer than `count`, or none, where no child process can be started. */
function copiesOf(server: Server, count: number, onConnection: OnConnection): Promise<Server[]> {
  return new Promise((resolve) => {
    const copies: Server[] = []
    // Nothing of this process's environment is for the child.
    const child = spawn(process.execPath, ['-e', CHILD], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: {} })
    const timer = setTimeout(() => child.kill('SIGKILL'), CHILD_MS)
    child.on('message', (_, sent) => {
      if (sent === undefined) return
      const copy = new Server({ noDelay: true }, onConnection).on('error', () => undefined)
      copies.push(copy.listen(sent))
      // Its own copy would keep it running.
      if (copies.length === count) child.kill('SIGKILL')
    })
    const finish = (): void => {
      clearTimeout(timer)
      resolve(copies)
    }
    child.once('error', finish)
    child.once('close', finish)
    const handle = handleOf(server)
    if (handle === undefined) child.kill('SIGKILL')
    else child.send(count, handle, { keepOpen: true }, (error) => error && child.kill('SIGKILL'))
  })
}

/** The copies of the listening sockets of a server. The first rush of connections opens them; a quiet server needs none. */
export class ListenerCopies {
  readonly #originals: { server: Server; onConnection: OnConnection }[] = []
  readonly #copies: Server[] = []
  /** Connections since `#countedAt`. */
  #accepted = 0
  #countedAt = 0
  #isOpened = false
  #isClosed = false

  add(server: Server, onConnection: OnConnection): void {
    this.#originals.push({ server, onConnection })
  }

  noteConnection(): void {
    if (this.#isOpened || this.#isClosed) return
    const now = performance.now()
    if (now - this.#countedAt > RUSH.withinMs) {
      this.#countedAt = now
      this.#accepted = 0
    }
    if (++this.#accepted < RUSH.connections) return
    this.#isOpened = true
    for (const { server, onConnection } of this.#originals) void this.#open(server, onConnection)
  }

  async #open(server: Server, onConnection: OnConnection): Promise<void> {
    for (const copy of await copiesOf(server, COPIES, onConnection)) {
      this.#copies.push(copy)
      if (this.#isClosed) copy.close()
    }
  }

  /** Connections that were accepted stay. */
  close(): void {
    this.#isClosed = true
    for (const copy of this.#copies) copy.close()
  }
}
