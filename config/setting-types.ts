/**
 * The types of values in settings, each as a zod type whose message states the allowed values.
 * No message repeats the value of a setting that may hold a secret. Not here: which settings there are (schema.ts).
 */
import { z } from 'zod'
import { parseZoneName } from '../lib/dns/name.js'
import { ADDRESS_HINT, canonicalIp, parseAddress, parseSubnet } from './address.js'
import { DURATION_HINT, parseDuration } from './duration.js'
import { quote } from './secrets.js'
import { slipInName } from './zone-name-slips.js'

/**
 * RFC 8945 §6. hmac-md5 has a longer registered name, and some servers write a final dot: both are accepted, in any letter case.
 */
const ALGORITHMS = ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-md5'] as const
const MD5_REGISTERED = 'hmac-md5.sig-alg.reg.int'
const ALGORITHM_HINT = `write one of ${ALGORITHMS.join(', ')}`

export const section = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'write a map of settings here' : undefined) })

export const listOf = <T extends z.core.SomeType>(item: T, what: string) =>
  z.array(item, { error: `write a list of ${what}: [ … ]` })

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/
const NAME_HINT = 'write a name of letters, digits, ".", "_" and "-", at most 63 long'

export const identifier = () => z.string({ error: NAME_HINT }).regex(NAME_PATTERN, { error: NAME_HINT })

/** Without the map there is no value. */
export const recordOf = <T extends z.core.SomeType>(item: T, what: string) =>
  z.record(z.string().regex(NAME_PATTERN, { error: NAME_HINT }), item, { error: `write a map of ${what}: name: { … }` })

export const mapOf = <T extends z.core.SomeType>(item: T, what: string) => recordOf(item, what).prefault({})

export const text = (hint: string) => z.string({ error: hint }).min(1, { error: hint })

export const logLevel = () =>
  z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'write trace, debug, info, warn, error, fatal or silent',
    })
    .default('info')

export const count = (least: number) => {
  const error = `write a whole number, at least ${least}`
  return z.int({ error }).min(least, { error })
}

/** A string that `read` turns into a value; `read` returns undefined for a bad one. */
export const parsed = <T>(hint: string, read: (text: string) => T | undefined, options: { show: boolean } = { show: true }) =>
  z.string({ error: hint }).transform((value, context): T => {
    const result = read(value)
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message: options.show ? `${quote(value)} does not fit: ${hint}` : hint })
    return z.NEVER
  })

export const duration = () => parsed(DURATION_HINT, parseDuration)

/** Its text may hold a secret, so messages do not repeat it. */
export const webUrl = () =>
  parsed(
    'write a URL such as https://ops.example/zonecast, without a user or password in it',
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined
      return url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? value : undefined
    },
    { show: false },
  )

/** A URL with a secret beside it: messages do not repeat it. */
export const apiUrl = () =>
  parsed(
    'write a URL such as http://127.0.0.1:8081, without a user, a password or a query in it',
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined
      const isPlain = url && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === ''
      return isPlain ? value.replace(/\/+$/, '') : undefined
    },
    { show: false },
  )

export const address = (defaultPort: number) =>
  parsed(`${ADDRESS_HINT}, an address and not a host name`, (value) => parseAddress(value, defaultPort))

/** Port of a server whose setting has none: that of its transport. */
export const NO_PORT = -1

/** As `address`, with NO_PORT for an address without a port. */
export const serverAddress = () => address(NO_PORT)

export const listenAddress = (defaultPort: number) =>
  parsed(ADDRESS_HINT, (value) => parseAddress(value, defaultPort, { anyPort: true }))

export const ipAddress = () => parsed('write an IPv4 or IPv6 address without a port', canonicalIp)

export const subnet = () => parsed('write a subnet such as 10.0.0.0/8 or 2001:db8::/32', parseSubnet)

export const algorithm = () =>
  parsed(
    ALGORITHM_HINT,
    (value) => {
      const name = value.toLowerCase().replace(/\.$/, '')
      return ALGORITHMS.find((known) => known === (name === MD5_REGISTERED ? 'hmac-md5' : name))
    },
    { show: false },
  )

/** Any domain name. The operator may have written a secret instead, so messages do not repeat it. */
export const wireKeyName = () =>
  parsed(
    'write the name of the key as the peer has it, a domain name such as axfr.',
    (value) => {
      try {
        return parseZoneName(value)
      } catch {
        return undefined
      }
    },
    { show: false },
  )

export const hexDigest = () =>
  parsed(
    'write the SHA-256 of the token as 64 hex digits',
    (value) => (/^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : undefined),
    {
      show: false,
    },
  )

export const expiry = () =>
  parsed('write a date such as 2027-01-01 or 2027-01-01T12:00:00Z', (value) => {
    const match = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.exec(value)
    const date = new Date(value)
    if (match === null || Number.isNaN(date.getTime())) return undefined
    // NOTE: JavaScript turns 2027-02-31 into a day in March; a day that is not in the calendar is a mistake here.
    const day = new Date(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`)
    return day.getUTCDate() === Number(match[3]) ? date : undefined
  })

/** The URL may hold a password, so messages do not repeat it. */
export const redisUrl = () =>
  parsed(
    'write redis://host:port/db or rediss://host:port/db',
    (value) => (/^rediss?:\/\/./.test(value) && URL.canParse(value) && new URL(value).hostname !== '' ? value : undefined),
    { show: false },
  )

export const sentinelAddress = () =>
  parsed('write host:port', (value) => {
    const match = /^(\[[0-9a-fA-F:]+\]|[^:\s[\]]+)(?::(\d{1,5}))?$/.exec(value)
    if (match === null) return undefined
    const port = match[2] === undefined ? 26_379 : Number(match[2])
    return port > 0 && port <= 65_535 ? { host: match[1]!.replace(/^\[|\]$/g, ''), port } : undefined
  })

export const zoneName = () =>
  z.string({ error: 'write a domain name, in quotes when it looks like a number' }).transform((value, context) => {
    const slip = slipInName(value)
    try {
      if (slip === undefined) return parseZoneName(value)
      context.addIssue({ code: 'custom', message: slip })
    } catch (error) {
      context.addIssue({ code: 'custom', message: `${(error as Error).message}; write one such as example.com` })
    }
    return z.NEVER
  })
