/** Counts TLS handshakes, and logs those of known addresses that fail: one line a minute for each address. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { HandshakeOutcome } from '../../lib/transport/tls-door.js'
import type { TransferParts } from './parts.js'
import { SummedLines } from './summed-lines.js'

/** The lines are about addresses, not zones. */
const NO_ZONE = '.' as ZoneName

export class HandshakeLog {
  readonly #parts: Pick<TransferParts, 'clock' | 'log' | 'metrics'>
  readonly #isKnown: (ip: string) => boolean
  readonly #lines: SummedLines

  constructor(parts: Pick<TransferParts, 'clock' | 'log' | 'metrics'>, isKnown: (ip: string) => boolean) {
    this.#parts = parts
    this.#isKnown = isKnown
    this.#lines = new SummedLines(parts.clock)
  }

  note(outcome: HandshakeOutcome, ip: string, why = 'too many handshakes of this address at once'): void {
    this.#parts.metrics.handshakes.inc({ outcome })
    if (outcome === 'ok' || !this.#isKnown(ip)) return
    this.#lines.note(ip, NO_ZONE, ({ times }) =>
      this.#parts.log.warn({ op: 'tls', dir: 'in', remote: ip, why, times }, 'TLS handshake failed'),
    )
  }
}
