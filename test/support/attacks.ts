/** Attacks of strangers and of a node under foreign control: floods of datagrams, and many connections. For the tests and the bench. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { RawDatagram } from '../../lab/attack/raw-datagram.js'
import type { TcpAttack } from '../../lab/attack/tcp-attacker.js'
import { frame } from '../../lib/dns/framing.js'
import { FLAG, OPCODE } from '../../lib/dns/rcode.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { signRequest } from '../../lib/dns/tsig.js'
import { TsigKey } from '../../lib/dns/tsig-record.js'
import { ATTACKED_ZONE, type AttackScene, GOOD, STRANGERS, TAKEN_OVER } from './attack-scene.js'
import { question, rawMessage, rawRecord, u16, wire } from './raw-message.js'
import { currentSoa } from './take-transfer.js'

export const now = (): number => Math.floor(Date.now() / 1000)

export const soaQuery = (): Buffer => rawMessage({ id: 9, questions: [question(ATTACKED_ZONE, 'SOA')] })
export const axfrQuery = (): Buffer => rawMessage({ id: 9, questions: [question(ATTACKED_ZONE, 'AXFR')] })
export const ixfrQuery = (serial: number): Buffer =>
  rawMessage({ id: 9, questions: [question(ATTACKED_ZONE, 'IXFR')], authorities: [currentSoa(ATTACKED_ZONE, serial)] })

/** A message of `octets` octets whose names use chains of pointers. */
function pointerChains(octets: number, answers: number): Buffer {
  const asked = question(ATTACKED_ZONE, 'SOA')
  const chain = [u16(0xc00c)]
  const from = 12 + asked.length
  // One unknown record has the chain in its RDATA.
  const head = 2 + 10
  while (from + head + chain.length * 2 + answers * 12 < octets) chain.push(u16(0xc000 | (from + head + (chain.length - 1) * 2)))
  const holder = rawRecord(u16(0xc00c), 65_280, Buffer.concat(chain))
  const last = u16(0xc000 | Math.min(0x3fff, from + head + (chain.length - 1) * 2))
  const records = Array.from({ length: answers - 1 }, () => rawRecord(last, TYPE.TXT, Buffer.from([0])))
  return rawMessage({ id: 9, questions: [asked], answers: [holder, ...records] })
}

const wrongKey = new TsigKey('taken-over.', 'hmac-sha256', Buffer.from('a guess'))
const strangeKey = new TsigKey('who-is-this.', 'hmac-sha256', Buffer.from('a guess'))
export const NOTIFY = { flags: (OPCODE.NOTIFY << 11) | FLAG.AA, questions: [question(ATTACKED_ZONE, 'SOA')] }
export const FLOODS: Record<string, () => Omit<RawDatagram, 'to'>> = {
  'questions of strangers': () => ({ from: '127.0.66.*', fromPort: '*', octets: soaQuery() }),
  'junk of strangers': () => ({
    from: '127.0.66.*',
    fromPort: '*',
    octets: Buffer.concat([u16(1, 0x0100, 0, 1, 0, 0), Buffer.alloc(300, 0xa5)]),
  }),
  'NOTIFYs of strangers': () => ({ from: '127.0.66.*', fromPort: '*', octets: rawMessage({ id: 9, ...NOTIFY }) }),
  'junk in the name of a node': () => ({
    from: TAKEN_OVER,
    fromPort: '*',
    octets: rawMessage({ id: 9, counts: { questions: 1, additionals: 9 }, trailing: Buffer.alloc(300, 0xa5) }),
  }),
  'unknown keys in the name of a node': () => ({
    from: TAKEN_OVER,
    fromPort: '*',
    octets: signRequest(strangeKey, soaQuery(), now()).message,
  }),
  'bad signatures in the name of a node': () => ({
    from: TAKEN_OVER,
    fromPort: '*',
    octets: signRequest(wrongKey, soaQuery(), now()).message,
  }),
  'NOTIFYs in the name of a primary': () => ({
    from: '127.0.0.1',
    fromPort: '*',
    octets: rawMessage({ id: 9, ...NOTIFY, answers: [wire(`${ATTACKED_ZONE} 0 SOA a. b. 4000000000 1 1 1 1`)] }),
  }),
  'SOA queries in the name of a node': () => ({ from: GOOD, fromPort: '*', octets: soaQuery() }),
  'pointer chains of strangers': () => ({ from: '127.0.66.*', fromPort: '*', octets: pointerChains(1_400, 40) }),
  'pointer chains in the name of a node': () => ({ from: TAKEN_OVER, fromPort: '*', octets: pointerChains(1_400, 40) }),
}

export const TCP_ATTACKS: Record<string, (scene: AttackScene) => Omit<TcpAttack, 'to'>> = {
  'pointer chains of strangers': () => ({
    sources: STRANGERS,
    connections: 8,
    octets: frame(pointerChains(16_000, 60)).toString('base64'),
    repeat: true,
    reads: true,
  }),
  'a thousand connections of a node, each with a transfer that it does not read': (scene) => ({
    sources: [TAKEN_OVER],
    connections: 1_100,
    octets: frame(signRequest(scene.wireKey, axfrQuery(), now()).message).toString('base64'),
  }),
  'a thousand idle connections of a node': () => ({
    sources: [TAKEN_OVER],
    connections: 1_100,
    octets: '',
  }),
  'connections of strangers that send half a message': () => ({
    sources: STRANGERS,
    connections: 300,
    octets: Buffer.from([0, 200, 1, 2, 3]).toString('base64'),
  }),
  'sixteen transfers on each of fifty connections, not read': (scene) => ({
    sources: [TAKEN_OVER],
    connections: 50,
    octets: Buffer.concat(
      Array.from({ length: 16 }, () => frame(signRequest(scene.wireKey, axfrQuery(), now()).message)),
    ).toString('base64'),
  }),
}

/** Another target for the same load: it measures the cost to the machine without the hub. */
export interface Sink {
  udp: { ip: string; port: number }
  tcp: { ip: string; port: number }
  close(): void
}

export async function openSink(): Promise<Sink> {
  const ip = '127.0.0.99'
  const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 16 })
  udp.bind(0, ip)
  await once(udp, 'listening')
  const tcp = createServer((socket) => socket.on('error', () => undefined).resume())
  tcp.listen(0, ip)
  await once(tcp, 'listening')
  return {
    udp: { ip, port: udp.address().port },
    tcp: { ip, port: (tcp.address() as AddressInfo).port },
    close: () => {
      udp.close()
      tcp.close()
    },
  }
}
