/**
 * Sends one POST to a receiver of events. The address of its name is checked when the connection is made: a name that leads to
 * this machine, its link or a metadata service is refused unless the config allows it. Redirects are not followed.
 */
import { lookup } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isLocalTarget } from '../../config/weaknesses.js'

const ANSWER_MS = 10_000

export interface EventPost {
  url: string
  headers: Record<string, string>
  body: string
  /** The receiver may be on this machine or its link. */
  allowLocal: boolean
}

class LocalTarget extends Error {
  readonly code = 'a local address; allow it with allowLocal'
}

const refusingLocal: LookupFunction = (hostname, options, done) => {
  lookup(hostname, options, (error, address, family) => {
    const found = typeof address === 'string' ? [address] : (address ?? []).map((each) => each.address)
    if (error === null && found.some(isLocalTarget)) done(new LocalTarget(), address, family)
    else done(error, address, family)
  })
}

/** Resolves with the status. Rejects with an error whose `code` has the reason, without the URL: it may hold a secret. */
export function postEvent({ url, headers, body, allowLocal }: EventPost): Promise<number> {
  const target = new URL(url)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  // An address needs no lookup.
  if (!allowLocal && /^[\d.]+$|:/.test(host) && isLocalTarget(host)) return Promise.reject(new LocalTarget())
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(
      target,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(ANSWER_MS),
        agent: false,
        ...(allowLocal ? {} : { lookup: refusingLocal }),
      },
      (answer) => {
        answer.destroy()
        resolve(answer.statusCode ?? 0)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
