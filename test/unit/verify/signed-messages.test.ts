/** A signed transfer: each message is authenticated, and those that came before are known under any signature. */
import { expect } from 'chai'
import { readHeader } from '../../../lib/dns/message.js'
import { AnswerSigner } from '../../../lib/dns/tsig.js'
import { findTsig } from '../../../lib/dns/tsig-record.js'
import { NOTHING_IGNORED } from '../../../lib/dns/ignored-records.js'
import { receiveTransfer, type ReceiveWish } from '../../../lib/transfer/receive-transfer.js'
import type { TcpPool } from '../../../lib/transport/tcp-pool.js'
import { KnownMessages } from '../../../lib/verify/known-messages.js'
import { ContentSum } from '../../../lib/zone/content-sum.js'
import { expectError } from '../../support/expect-error.js'
import { testKey } from '../../support/tsig-maker.js'
import { answerMessage, APEX, NO_LIMITS } from '../../support/transfer-script.js'

const KEY = testKey()
const HOSTS = Array.from({ length: 60 }, (_, i) => `h${i}.example. 300 TXT "a text of some length, ${i}"`)
const ZONE = ['S1\nexample. 300 NS ns.example.', HOSTS.join('\n'), 'S1']
const LIMITS = { ...NO_LIMITS, connectMs: 1, firstOctetMs: 1, idleMs: 1, minOctetsPerSecond: 0, totalMs: 1 }

interface Node {
  /** Seconds. */
  at: number
  spoil?: (message: Buffer) => void
}

/** A connection to a node that signs each message. */
const connectionTo = ({ at, spoil }: Node): Pick<TcpPool, 'exchange'> => ({
  exchange: async (_remote, _patience, begin) => {
    const { request, take } = begin()
    const signer = new AnswerSigner(KEY, findTsig(request)!.mac)
    for (const text of ZONE) {
      const message = Buffer.from(answerMessage(text, 'axfr'))
      message.writeUInt16BE(readHeader(request).id, 0)
      const signed = signer.sign(message, at)
      if (text === ZONE[1]) spoil?.(signed)
      take(signed)
    }
  },
})

async function read(known: KnownMessages, node: Node): Promise<{ digest: string; read: number }> {
  let sum = new ContentSum(NOTHING_IGNORED)
  let count = 0
  const wish: ReceiveWish = {
    apex: APEX,
    held: undefined,
    edns: true,
    limits: LIMITS,
    known: known.during(APEX, NOTHING_IGNORED, () => sum),
    onFull: () => {
      sum = new ContentSum(NOTHING_IGNORED)
    },
    onRecords: (data, from, to) => {
      const before = sum.count
      sum.addRun(data, from, to)
      count += sum.count - before
    },
  }
  const clock = { now: () => node.at * 1000 }
  await receiveTransfer(connectionTo(node), clock, { id: 'n1', address: { ip: '192.0.2.1', port: 53 }, key: KEY }, wish)
  return { digest: sum.digest, read: count }
}

describe('signed messages that were read before', () => {
  it('are known under another id, time and MAC', async () => {
    const known = KnownMessages.empty()
    const first = await read(known, { at: 1_000 })
    expect(first.read).to.equal(62)
    expect(await read(known, { at: 2_000 })).to.deep.equal({ digest: first.digest, read: 2 })
  })

  it('are refused when their MAC is bad', async () => {
    const known = KnownMessages.empty()
    await read(known, { at: 1_000 })
    const spoil = (message: Buffer): void => {
      const { start } = findTsig(message)!
      const mac = start + KEY.wireName.length + 10 + KEY.wireAlgorithm.length + 10
      message[mac] = message[mac]! ^ 1
    }
    await expectError('TSIG_BAD_MAC', () => read(known, { at: 2_000, spoil }))
  })
})
