/**
 * Keys and the API's token for the containers of docker-compose.yml: made once, each readable by those alone who need it, and left as
 * they are from then on. Plain Node.js; run by the service `secrets`, whose folders are the volumes of the others.
 *
 *   node make-secrets.mjs [FOLDER]      default /run/secrets-of
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The users that the images run as (Dockerfile). */
const HUB_USER = 10_001
const DNS_USER = 10_053
const REDIS_USER = 999

/** Key by key: who needs it besides the hub, and how their server wants it written. A stolen node opens one node. */
const KEYS = [
  { name: 'hm-key', algorithm: 'hmac-sha256', servers: ['hm1', 'hm2'], format: 'knot' },
  { name: 'ams1-key', algorithm: 'hmac-sha256', servers: ['ams1'], format: 'nsd' },
  { name: 'lhr1-key', algorithm: 'hmac-sha256', servers: ['lhr1'], format: 'nsd' },
  { name: 'fra1-key', algorithm: 'hmac-sha512', servers: ['fra1'], format: 'knot' },
  { name: 'sin1-key', algorithm: 'hmac-sha512', servers: ['sin1'], format: 'bind' },
  { name: 'hub-key', algorithm: 'hmac-sha256', servers: [] },
]

/** All that queues and shared state need, and nothing that empties, stops or turns a server. */
const REDIS_RIGHTS =
  '+@all -flushall -flushdb -shutdown -debug -acl -module -migrate -monitor -replicaof -slaveof -config +config|get'

const FORMATS = {
  knot: ({ name, algorithm }, secret) => `key:\n  - id: ${name}\n    algorithm: ${algorithm}\n    secret: ${secret}\n`,
  nsd: ({ name, algorithm }, secret) => `key:\n  name: "${name}"\n  algorithm: ${algorithm}\n  secret: "${secret}"\n`,
  bind: ({ name, algorithm }, secret) => `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };\n`,
}

function write(folder, file, text, user) {
  const path = join(folder, file)
  rmSync(path, { force: true })
  writeFileSync(path, text, { mode: 0o600 })
  chmodSync(path, 0o400)
  // Only root can change the owner of a file, and does so last. Any other user keeps the files.
  if (process.getuid() === 0) chownSync(path, user, user)
}

function makeAll(root) {
  const hub = join(root, 'hub')
  const done = join(hub, '.made')
  if (existsSync(done)) return console.log('the secrets are there and stay as they are')
  mkdirSync(hub, { recursive: true })
  for (const key of KEYS) {
    const secret = randomBytes(key.algorithm === 'hmac-sha512' ? 64 : 32).toString('base64')
    write(hub, `${key.name}.secret`, `${secret}\n`, HUB_USER)
    for (const server of key.servers) {
      mkdirSync(join(root, server), { recursive: true })
      write(join(root, server), 'keys.conf', FORMATS[key.format](key, secret), DNS_USER)
    }
  }
  const password = randomBytes(24).toString('base64url')
  write(hub, 'redis.password', `${password}\n`, HUB_USER)
  mkdirSync(join(root, 'redis'), { recursive: true })
  write(join(root, 'redis'), 'users.acl', `user default off\nuser zonecast on >${password} ~* &* ${REDIS_RIGHTS}\n`, REDIS_USER)
  const token = randomBytes(24).toString('base64url')
  write(hub, 'token', token, HUB_USER)
  write(hub, 'token.sha256', `${createHash('sha256').update(token).digest('hex')}\n`, HUB_USER)
  // Written last: what was cut short is made again from the start, before anything has used it.
  writeFileSync(done, '')
  console.log('secrets made; the token is in the file token of the hub')
}

makeAll(process.argv[2] ?? '/run/secrets-of')
