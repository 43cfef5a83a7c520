/** The primary of a rehearsal, on a loopback address: it has one serial, answers SOA, IXFR and AXFR, and sends NOTIFY. */
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { writeAnswer, writeNotify } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { tryReadRequest } from '../../../lib/dns/request-reader.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { UdpAsker } from '../../../lib/transport/udp-asker.js'
import { heldSerialOf } from '../../transfer/held-serial.js'
import { LoopbackServer } from './loopback.js'
import { axfrAt, ixfrTo, soaAt, ZONE } from './zone-of-rehearsal.js'

const APEX = nameToWire(ZONE)
const NOTIFY_MS = 1_000

export class RehearsedPrimary {
  serial = 1
  readonly #server: LoopbackServer
  readonly #udp: UdpAsker

  constructor(ip: string) {
    this.#udp = new UdpAsker([ip])
    this.#server = new LoopbackServer(ip, (message, channel) => {
      const answer = this.#answer(message, channel.peer.proto === 'tcp')
      if (answer !== undefined) channel.send(answer)
      return undefined
    })
  }

  /** Rejects when the address is not one of this machine. */
  open(): Promise<Endpoint> {
    return this.#server.open()
  }

  #answer(message: Buffer, isStream: boolean): Buffer | undefined {
    const request = tryReadRequest(message)
    if (typeof request === 'string') return undefined
    const { type } = request.question
    const answer = isStream && type !== TYPE.SOA ? this.#transfer(heldSerialOf(request, APEX)) : [soaAt(this.serial)]
    const edns = request.edns && { options: [] }
    return writeAnswer({ request, rcode: RCODE.NOERROR, authoritative: true, answer, edns })
  }

  #transfer(held: number | undefined): Buffer[] {
    if (held === undefined || held > this.serial) return axfrAt(this.serial)
    return held === this.serial ? [soaAt(this.serial)] : ixfrTo(this.serial, held)
  }

  /** The next version, announced to the hub. */
  change(hub: Endpoint): void {
    this.serial += 1
    const build = (id: number): Buffer => writeNotify(id, APEX, soaAt(this.serial))
    // A lost one ends this turn of the rehearsal.
    this.#udp.send(
      hub,
      build,
      NOTIFY_MS,
      () => true,
      () => undefined,
    )
  }

  async close(): Promise<void> {
    this.#udp.close()
    await this.#server.close()
  }
}
