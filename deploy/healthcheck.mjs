/**
 * Is this container's role alive? Exits 0 when it is. Each role is asked for what it does, not whether a process exists:
 *
 *   healthcheck.mjs api PORT                      the API answers /healthz
 *   healthcheck.mjs transfer PORT                 the transfer server answers a DNS question, if only to refuse it
 *   healthcheck.mjs worker FOLDER [NAME]          the writer renews its lock on the data directory (every 4 s); NAME: of a worker that shares it
 *   healthcheck.mjs watcher REDIS_URL HUB FILE    some primary was asked lately, answered or not; FILE holds the password
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ANSWER_MS = 3_000
const LOCK_SECONDS = 15
/** Above the longest pause between two polls of a primary that deploy/zonecast.yaml allows (30 s and a tenth). */
const LOOKED_SECONDS = 120

const CHECKS = {
  async api(port) {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })
    if (!response.ok) throw new Error(`the API answers ${response.status}`)
  },

  transfer(port) {
    const id = randomInt(65_536)
    // The SOA of the root, from an address that the server does not know.
    const question = Buffer.from([id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1])
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4')
      const timer = setTimeout(() => reject(new Error('the transfer server does not answer')), ANSWER_MS)
      socket.on('error', reject)
      socket.on('message', (message) => {
        if (message.length < 12 || message.readUInt16BE(0) !== id) return
        clearTimeout(timer)
        socket.close()
        resolve()
      })
      socket.connect(Number(port), '127.0.0.1', () => socket.send(question))
    })
  },

  async worker(folder, name) {
    const lock = name === undefined ? 'writer.lock' : `workers/${name}.lock`
    const age = (Date.now() - statSync(join(folder, lock)).mtimeMs) / 1000
    if (age > LOCK_SECONDS) throw new Error(`the lock was last renewed ${Math.round(age)} s ago`)
  },

  async watcher(url, hub, passwordFile) {
    const { Redis } = await import('ioredis')
    const password = passwordFile === undefined ? {} : { password: readFileSync(passwordFile, 'utf8').trim() }
    const redis = new Redis(url, { ...password, lazyConnect: true, retryStrategy: null, connectTimeout: ANSWER_MS })
    redis.on('error', () => {})
    try {
      await redis.connect()
      const looks = Object.values(await redis.hgetall(`zonecast:${hub}:primaries`)).map((text) => JSON.parse(text).at)
      const age = (Date.now() - Math.max(0, ...looks)) / 1000
      if (age > LOOKED_SECONDS) throw new Error('no primary was asked lately')
    } finally {
      redis.disconnect()
    }
  },
}

const [role, ...rest] = process.argv.slice(2)
try {
  if (!Object.hasOwn(CHECKS, role ?? '')) throw new Error(`no role "${role}": write one of ${Object.keys(CHECKS).join(', ')}`)
  await CHECKS[role](...rest)
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
process.exit(0)
