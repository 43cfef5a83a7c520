/** A transfer over current contents: merged when the zone comes in order, else transferred once more and kept whole. */
import { expect } from 'chai'
import { TransferClient } from '../../../lib/transfer/transfer-client.js'
import { SummingThreads } from '../../../lib/transfer/summing-threads.js'
import { ZoneMemory } from '../../../lib/transfer/zone-memory.js'
import { SnapshotDraft } from '../../../lib/store/snapshot-draft.js'
import type { TcpPool } from '../../../lib/transport/tcp-pool.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { contentsOf } from '../../support/record-lines.js'
import { answerMessage, APEX, LIMITS, runTexts, soa } from '../../support/transfer-script.js'
import { expectError } from '../../support/expect-error.js'

const A = 'a.example. 60 A 192.0.2.1'
const B = 'b.example. 60 A 192.0.2.2'
const C = 'c.example. 60 A 192.0.2.3'
const remote = { id: 'hm1', address: { ip: '192.0.2.1', port: 53 }, key: undefined }

class Scene {
  asked = 0
  repeats = 0
  readonly drafts: SnapshotDraft[] = []
  readonly current: ZoneContents = contentsOf('example.', `${soa(1)}\n${A}\n${B}`)
  readonly #answers: string[]
  /** Octets of memory over all zones. */
  readonly memory: number

  constructor(answers: string[], memory = 1e9) {
    this.#answers = answers
    this.memory = memory
  }

  async transfer() {
    const exchange: TcpPool['exchange'] = async (_remote, _patience, begin) => {
      this.asked += 1
      const { request, take } = begin()
      for (const answer of this.#answers) {
        const message = answerMessage(answer, 'axfr')
        request.copy(message, 0, 0, 2)
        take(message)
      }
    }
    const querier = { usesEdns: () => false, forgoEdns: () => undefined }
    const memory = new ZoneMemory({ total: this.memory }, () => 0)
    const threads = new SummingThreads(1)
    const client = new TransferClient({ exchange } as TcpPool, querier, { now: Date.now }, memory, threads)
    return await client.transfer(remote, {
      apex: APEX,
      held: undefined,
      limits: LIMITS,
      startDraft: (contents) => {
        const draft = new SnapshotDraft(contents, '/nonexistent/draft', () => undefined)
        this.drafts.push(draft)
        return draft
      },
      startMerge: () => this.current.merge(),
      onRepeat: () => {
        this.repeats += 1
      },
    })
  }
}

describe('a transfer over current contents', () => {
  it('gives what changed, and no contents', async () => {
    const scene = new Scene([`S2\n${A}`, `${C}\nS2`])
    const { outcome, draft, merged, records } = await scene.transfer()
    expect([outcome.kind, draft, scene.asked, scene.drafts]).to.deep.equal(['full', undefined, 1, []])
    expect([runTexts(merged!.removed), runTexts(merged!.added), merged!.records, records]).to.deep.equal([
      ['b.example. 60 IN A 192.0.2.2'],
      ['c.example. 60 IN A 192.0.2.3'],
      3,
      4,
    ])
  })

  it('asks once more when the zone does not come in order, and gives its contents', async () => {
    const scene = new Scene([`S2\n${C}\n${A}\nS2`])
    const { draft, merged } = await scene.transfer()
    expect([scene.asked, scene.repeats, merged, scene.drafts.length]).to.deep.equal([2, 1, undefined, 1])
    expect(draft!.contents.records).to.equal(3)
  })

  it('gives contents with several TTLs of a record whole', async () => {
    const scene = new Scene([`S2\n${A}\na.example. 30 A 192.0.2.1\nS2`])
    const { draft, merged } = await scene.transfer()
    expect([scene.asked, merged, draft!.contents.records]).to.deep.equal([2, undefined, 2])
    expect(draft!.contents.copied).to.equal('a.example. 30 IN A 192.0.2.1')
  })

  it('is limited in memory by what changed', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => `${String(n).padStart(5, '0')}.example. 60 TXT "${'x'.repeat(200)}"`)
    const scene = new Scene([`S2`, ...many.map((line) => `${line}\n`)], 1 << 16)
    const { limits } = { limits: LIMITS }
    limits.memory = 1 << 16
    try {
      await expectError('XFR_LIMIT', () => scene.transfer())
    } finally {
      limits.memory = 1e9
    }
  })
})
