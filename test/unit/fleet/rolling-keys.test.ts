/** The keys of 200 nodes are replaced by the steps of docs/operate/keys.md, while hub and nodes exchange messages after each step. */
import { expect } from 'chai'
import { nameToWire } from '../../../lib/dns/name.js'
import { writeNotify, writeQuery } from '../../../lib/dns/message.js'
import { tryReadRequest } from '../../../lib/dns/request-reader.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { signRequest, verifyRequest } from '../../../lib/dns/tsig.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { Fleet, type FleetNode } from '../../../lib/fleet/fleet.js'
import { holdsKey } from '../../../lib/fleet/remote.js'

const NOW = 1_800_000_000
const APEX = nameToWire('example.')
const COUNT = 200

interface Node {
  ip: string
  old: TsigKey
  fresh: TsigKey
  /** Keys of its server: the first signs, each is accepted. */
  own: TsigKey[]
  /** The keys that the hub has for it, in the same order. */
  atHub: TsigKey[]
}

const makeNodes = (): Node[] =>
  Array.from({ length: COUNT }, (_, i) => {
    const key = (age: string): TsigKey => new TsigKey(`n${i}-${age}.`, 'hmac-sha256', Buffer.from(`${age} secret of node ${i}`))
    const [old, fresh] = [key('old'), key('new')]
    return { ip: `10.0.${i >> 8}.${i & 255}`, old, fresh, own: [old], atHub: [old] }
  })

const fleetOf = (nodes: readonly Node[]): Fleet =>
  new Fleet(
    [],
    nodes.map(({ ip, atHub: [key, ...oldKeys] }, i): FleetNode => {
      const keys = { key, oldKeys }
      return { id: `n${i}`, cloud: 'A', site: undefined, paths: [{ id: `n${i}`, address: { ip, port: 53 }, ...keys }], ...keys }
    }),
    [],
    [],
  )

/** The key that verifies the message; undefined when none does. */
function verifiedBy(message: Buffer, keys: readonly TsigKey[]): TsigKey | undefined {
  const read = tryReadRequest(message)
  if (typeof read === 'string' || read.tsig === undefined) return undefined
  const { tsig } = read
  return keys.find((key) => verifyRequest(message, tsig, () => key, NOW).kind === 'verified')
}

/** Nodes whose request the hub refuses, or that refuse the hub's NOTIFY; and those that sign with the old key. */
function exchange(nodes: readonly Node[]): { refused: number; old: number } {
  const fleet = fleetOf(nodes)
  let [refused, old] = [0, 0]
  for (const [i, { ip, own }] of nodes.entries()) {
    const query = writeQuery({ id: i, apex: APEX, type: TYPE.AXFR, currentSoa: undefined, edns: false })
    const { message } = signRequest(own[0]!, query, NOW)
    const used = verifiedBy(message, fleet.keysNamed(own[0]!.wireName, ip))
    const node = fleet.nodes.get(`n${i}`)!
    const notify = signRequest(node.key!, writeNotify(i, APEX, undefined), NOW).message
    if (used === undefined || !holdsKey(node, used) || verifiedBy(notify, own) === undefined) refused += 1
    else if (!node.key!.equals(used)) old += 1
  }
  return { refused, old }
}

describe('the keys of 200 nodes', () => {
  it('roll without a refused message, and the hub counts the nodes that use the old one', () => {
    const nodes = makeNodes()
    // 1: the hub accepts the new key.
    for (const node of nodes) node.atHub = [node.old, node.fresh]
    expect(exchange(nodes)).to.deep.equal({ refused: 0, old: 0 })
    // 2: each node gets the new key beside the old one, one after another, and signs with it.
    for (const node of nodes) {
      node.own = [node.fresh, node.old]
      if (node.ip.endsWith('0')) expect(exchange(nodes).refused).to.equal(0)
    }
    // 3: the hub signs with the new key; one node was forgotten, and still signs with its old one.
    nodes[7]!.own = [nodes[7]!.old, nodes[7]!.fresh]
    for (const node of nodes) node.atHub = [node.fresh, node.old]
    expect(exchange(nodes)).to.deep.equal({ refused: 0, old: 1 })
    // 4: when no node uses the old key, it goes.
    nodes[7]!.own = [nodes[7]!.fresh, nodes[7]!.old]
    expect(exchange(nodes)).to.deep.equal({ refused: 0, old: 0 })
    for (const node of nodes) node.atHub = [node.fresh]
    expect(exchange(nodes)).to.deep.equal({ refused: 0, old: 0 })
    for (const node of nodes) node.own = [node.fresh]
    expect(exchange(nodes)).to.deep.equal({ refused: 0, old: 0 })
  })

  it('are refused when the hub drops the old key too early', () => {
    const nodes = makeNodes()
    for (const node of nodes) node.atHub = [node.fresh]
    expect(exchange(nodes).refused).to.equal(COUNT)
  })
})
