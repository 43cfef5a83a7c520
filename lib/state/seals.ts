/**
 * Seals the operators' decisions, and a hub's own findings about its zones, primaries and paths. They carry a MAC in Redis, so
 * that a client with only write access to Redis can decide nothing and expire no zone. A hub seals with its own key under `hubs`,
 * which all hubs of the installation have, and with a secret under its dataDir, which its own processes share. Only the hub's own
 * processes trust a hub without a key.
 */
import { StateError } from './errors.js'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TsigKey } from '../dns/tsig-record.js'
import { sleep } from '../runtime/clock.js'
import { makeOnce } from './make-once.js'
import { PER_HUB, type TableName } from './tables.js'

/** Tables that decide something; the other tables only have observations. */
const SEALED: ReadonlySet<TableName> = new Set(['orders', 'stages', 'drains', 'callers', ...PER_HUB])

/** A value in its form in Redis. */
export interface Sealed {
  at: number
  /** The value as JSON. */
  value: string
  /** The hub that wrote it. */
  by: string
  /** By the hub's key under `hubs`, hex. */
  mac?: string | undefined
  /** By the secret of its dataDir, hex. */
  own: string
}

/** A seal on a text that is no value of a table. */
export interface SharedSeal {
  /** The hub that made it. */
  by: string
  /** By the secret of its dataDir, hex. */
  own: string
  /** By the hub's key under `hubs`, hex. */
  mac?: string | undefined
}

export interface SealKeys {
  /** Name of this hub. */
  hub: string
  /**
   * Keys of all hubs of the installation by name, including this one; empty when they share nothing. The first of a hub seals, and
   * each opens, while the key is replaced.
   */
  keys: ReadonlyMap<string, readonly TsigKey[]>
}

export class Seals {
  readonly #secret: Buffer
  #keys: SealKeys

  /** `secret`: that of the dataDir. */
  constructor(secret: Buffer, keys: SealKeys) {
    this.#secret = secret
    this.#keys = keys
  }

  /** Called after a reload. Returns whether values are sealed or opened differently now. */
  adopt(keys: SealKeys): boolean {
    const before = this.#keys
    this.#keys = keys
    const isKept = [...keys.keys].every(([hub, own]) => {
      const known = before.keys.get(hub)
      return known?.length === own.length && own.every((key, i) => known[i]!.equals(key))
    })
    return !isKept || keys.hub !== before.hub || keys.keys.size !== before.keys.size
  }

  isSealed(table: TableName): boolean {
    return SEALED.has(table)
  }

  seal(table: TableName, key: string, value: { at: number }): Sealed {
    const json = JSON.stringify(value)
    const { hub, keys } = this.#keys
    const text = covered(table, key, hub, json)
    const [mac] = PER_HUB.has(table) ? [] : macsOf(keys.get(hub), text)
    return { at: value.at, value: json, by: hub, own: this.#own(text), ...(mac === undefined ? {} : { mac }) }
  }

  /** This hub would seal the value differently now: a key was added, removed or changed since. */
  isStale(table: TableName, key: string, { by, value, mac }: Sealed): boolean {
    const { hub, keys } = this.#keys
    return by === hub && !PER_HUB.has(table) && mac !== macsOf(keys.get(hub), covered(table, key, by, value))[0]
  }

  /** Another hub of the installation has this name. */
  isPeer(hub: string): boolean {
    return hub !== this.#keys.hub && this.#keys.keys.has(hub)
  }

  /** The value as JSON; undefined when no hub of this installation sealed it for this place. */
  open(table: TableName, key: string, sealed: Sealed): string | undefined {
    const text = covered(table, key, sealed.by, sealed.value)
    if (isSame(this.#own(text), sealed.own)) return sealed.value
    if (PER_HUB.has(table)) return undefined
    const { mac } = sealed
    if (mac === undefined) return undefined
    return macsOf(this.#keys.keys.get(sealed.by), text).some((own) => isSame(own, mac)) ? sealed.value : undefined
  }

  /** A seal that the processes of this hub, and peer hubs, can check. */
  sealShared(text: string): SharedSeal {
    const { hub, keys } = this.#keys
    const covers = sharedText(hub, text)
    const [mac] = macsOf(keys.get(hub), covers)
    return { by: hub, own: this.#own(covers), ...(mac === undefined ? {} : { mac }) }
  }

  /** A hub of this installation sealed the text. */
  isSharedSeal(text: string, { by, own, mac }: SharedSeal): boolean {
    const covers = sharedText(by, text)
    if (isSame(this.#own(covers), own)) return true
    return mac !== undefined && macsOf(this.#keys.keys.get(by), covers).some((expected) => isSame(expected, mac))
  }

  /** A seal that only the processes of this hub can make. */
  sealText(text: string): string {
    return this.#own(text)
  }

  isSealOf(text: string, seal: string): boolean {
    return isSame(this.#own(text), seal)
  }

  #own(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('hex')
  }
}

const sharedText = (by: string, text: string): string => `zonecast 1 shared\n${by}\n${text}`

/** A seal is valid for one value, in one place, from one hub. Neither names nor keys have a line break. */
const covered = (table: TableName, key: string, by: string, json: string): string =>
  `zonecast 1\n${table}\n${key}\n${by}\n${json}`

const macsOf = (keys: readonly TsigKey[] | undefined, text: string): string[] =>
  (keys ?? []).map((key) => key.hmac().update(text).digest('hex'))

function isSame(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)]
  return first.length === second.length && timingSafeEqual(first, second)
}

const SECRET_OCTETS = 32

/** A process that may not write to dataDir waits so long for the one that does. */
const SECRET_WITHIN_MS = 30_000
const WAIT_MS = 50

/**
 * The secret that the processes of one hub share. The first process that starts and may write to dataDir makes it, readable by
 * its user alone. Throws StateError STATE_SEAL.
 */
export async function dataDirSecret(dataDir: string, withinMs = SECRET_WITHIN_MS): Promise<Buffer> {
  const file = join(dataDir, 'hub.secret')
  makeOnce(file, randomBytes(SECRET_OCTETS).toString('hex'))
  for (let waited = 0; !existsSync(file); waited += WAIT_MS) {
    if (waited >= withinMs)
      throw new StateError(
        { code: 'STATE_SEAL' },
        `${file} does not exist: start the worker of this hub first, on the same dataDir`,
      )
    await sleep(WAIT_MS)
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    try {
      chmodSync(file, 0o600)
    } catch {
      throw new StateError({ code: 'STATE_SEAL' }, `${file}: readable by others; chmod 600 it`)
    }
  }
  const secret = Buffer.from(readText(file).trim(), 'hex')
  if (secret.length !== SECRET_OCTETS)
    throw new StateError(
      { code: 'STATE_SEAL' },
      `${file} has no secret of ${SECRET_OCTETS} octets in hex: remove it, and restart all processes of the hub`,
    )
  return secret
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const errno = (error as { code?: string }).code ?? 'unknown error'
    throw new StateError({ code: 'STATE_SEAL' }, `${file} cannot be read (${errno}): run all processes of a hub as one user`)
  }
}
