/** NOTIFY to a node that takes it over TLS never goes out in the clear, whatever becomes of the connection. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import type { Remote } from '../../../lib/fleet/remote.js'
import { type NotifyOutcome, NotifySender } from '../../../lib/push/notify-sender.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import type { NodePaths } from '../../../lib/observe/node-paths.js'
import { TransportError } from '../../../lib/transport/errors.js'
import type { TlsAsker } from '../../../lib/transport/tls-asker.js'
import type { UdpAsker } from '../../../lib/transport/udp-asker.js'

const ADDRESS = { ip: '192.0.2.1', port: 53 }
const TLS_ADDRESS = { ip: '192.0.2.1', port: 853 }
const OVER: Remote['notifyOver'] = { address: TLS_ADDRESS, tls: { name: 'n.lab', pins: [], ca: undefined, own: undefined } }

describe('NOTIFY to a node', () => {
  const sent: string[] = []
  const udp = { send: (to: { port: number }) => sent.push(`udp ${to.port}`) } as unknown as UdpAsker
  const failing = {
    send: ({ address }: { address: { port: number } }, _question: unknown, done: (a: undefined, e: Error) => void) => {
      sent.push(`tls ${address.port}`)
      const error = new TransportError({ code: 'TRANSPORT_TLS', remote: 'n', why: 'x' }, 'n: TLS failed: x')
      setImmediate(() => done(undefined, error))
    },
  } as unknown as TlsAsker
  const zone = { name: parseZoneName('example.'), apex: nameToWire('example.') } as unknown as FleetZone
  beforeEach(() => sent.splice(0))

  const send = (remote: Partial<Remote>, done: (outcome: NotifyOutcome) => void): void => {
    const paths = { current: () => ({ id: 'n', address: ADDRESS, key: undefined, ...remote }) } as unknown as NodePaths
    const sender = new NotifySender(udp, paths, systemClock, new Metrics(), failing)
    sender.send({ id: 'n' } as unknown as FleetNode, zone, Buffer.alloc(0), 1_000, done)
  }

  it('over TLS stays there when the connection fails', async () => {
    const outcome = await new Promise<NotifyOutcome>((resolve) => send({ notifyOver: OVER }, resolve))
    expect(outcome).to.deep.equal({ kind: 'unreachable', reason: 'n: TLS failed: x' })
    expect(sent).to.deep.equal(['tls 853'])
  })

  it('goes over UDP where the config has no place for TLS', () => {
    send({}, () => undefined)
    expect(sent).to.deep.equal(['udp 53'])
  })
})
