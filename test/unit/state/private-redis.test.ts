/** A server on the socket of the private Redis is adopted, whatever it answers: two would write one append-only file. */
import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { PrivateRedis } from '../../../lib/state/private-redis.js'
import { scratchDirs } from '../../support/scratch-dir.js'

/** Answers INFO and PING on a socket. */
async function serve(path: string, answer: (command: 'info' | 'ping') => string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      for (const [, command] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        const name = command?.toLowerCase()
        socket.write(name === 'info' || name === 'ping' ? answer(name) : '+OK\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

const info = (isLoading: boolean): string => {
  const text = `redis_version:7.0.15\r\nloading:${isLoading ? 1 : 0}\r\nloading_eta_seconds:1\r\n`
  return `$${text.length}\r\n${text}\r\n`
}

describe('the private Redis', () => {
  const scratch = scratchDirs()
  let server: Server | undefined
  const startBeside = async (answer: (command: 'info' | 'ping') => string): Promise<boolean> => {
    const dataDir = scratch()
    mkdirSync(join(dataDir, 'redis'), { mode: 0o700 })
    server = await serve(join(dataDir, 'redis', 'redis.sock'), answer)
    const redis = await PrivateRedis.start(dataDir)
    await redis.stop()
    return redis.adopted
  }
  afterEach(() => new Promise((resolve) => server?.close(resolve)))

  for (const refusal of [
    'MISCONF Errors writing to the AOF file: No space left on device',
    'BUSY Redis is busy running a script',
  ])
    it(`is the running server that answers ${refusal.split(' ')[0]}`, async () => {
      expect(await startBeside((command) => (command === 'info' ? info(false) : `-${refusal}\r\n`))).to.equal(true)
    })

  it('is the running server that still loads its file', async () => {
    const readyAt = Date.now() + 1_500
    const answer = (command: 'info' | 'ping'): string => (command === 'info' ? info(Date.now() < readyAt) : '+PONG\r\n')
    expect(await startBeside(answer)).to.equal(true)
  })

  it('is the running server that refuses every command until it is ready', async () => {
    const readyAt = Date.now() + 1_500
    const answer = (command: 'info' | 'ping'): string => {
      if (Date.now() < readyAt) return '-LOADING Redis is loading the dataset in memory\r\n'
      return command === 'info' ? info(false) : '+PONG\r\n'
    }
    expect(await startBeside(answer)).to.equal(true)
  })
})
