/** Zone names in the path of a request: percent-encoded as any text, or as `hex..` and their octets in hex. */
import type { RequestHandler } from 'express'

const HEX = /^(\/zones\/)hex\.\.((?:[0-9a-f]{2})+)(?=[/?]|$)/i

/**
 * Turns `/zones/hex..2e/…` into `/zones/%2E/…` for the routes below. Clients and proxies read `.` as a step in the path however
 * it is escaped. `hex..` has an empty label, so no zone has this name.
 */
export const readZoneSegment: RequestHandler = (req, _res, next) => {
  req.url = plainSegment(req.url)
  next()
}

/** The path with its zone name percent-encoded; unchanged when the octets are not UTF-8. */
export function plainSegment(url: string): string {
  return url.replace(HEX, (whole, head: string, hex: string) => {
    try {
      const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(hex, 'hex'))
      return head + encodeURIComponent(name).replaceAll('.', '%2E')
    } catch {
      return whole
    }
  })
}
