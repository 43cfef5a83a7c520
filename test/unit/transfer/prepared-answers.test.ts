/** Ready-made answers: how long they are kept. */
import { expect } from 'chai'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Version } from '../../../lib/store/version.js'
import { PreparedAnswers } from '../../../services/transfer/prepared-answers.js'
import { contentsOf } from '../../support/record-lines.js'
import { parseZoneName, nameToWire } from '../../../lib/dns/name.js'
import { soa } from '../../support/transfer-script.js'

const ZONE = parseZoneName('example.')
const MINUTE = 60_000

describe('ready-made answers', () => {
  const contents = contentsOf(ZONE, [soa(1), `${ZONE} 60 NS ns.${ZONE}`].join('\n'))
  let reads = 0
  const zone = {
    name: ZONE,
    apex: nameToWire(ZONE),
    contentsOf: async () => {
      reads += 1
      return contents
    },
  } as unknown as StoredZone
  const version = (digest: string): Version =>
    ({ serial: 1, digest, soa: contents.soa.stored, octets: 100 }) as unknown as Version

  beforeEach(() => {
    reads = 0
  })

  it('are cut once for all nodes that ask within a minute, and dropped after a minute without requests', async () => {
    const answers = new PreparedAnswers(1 << 20)
    const first = await answers.axfr(zone, version('aa'))
    expect(await answers.axfr(zone, version('aa'))).to.equal(first)
    answers.dropUnused(performance.now() + MINUTE - 5_000)
    expect(answers.size).to.equal(1)
    answers.dropUnused(performance.now() + MINUTE + 5_000)
    expect(answers.size).to.equal(0)
    expect((await answers.axfr(zone, version('aa'))).messages).to.equal(first.messages)
    expect(reads).to.equal(2)
  })

  it('are dropped when they need more memory than the budget, the last used ones last', async () => {
    const answers = new PreparedAnswers(4_000)
    for (const digest of ['aa', 'bb', 'cc', 'aa', 'dd']) await answers.axfr(zone, version(digest))
    expect(answers.size).to.be.lessThan(4)
    reads = 0
    await answers.axfr(zone, version('dd'))
    expect(reads).to.equal(0)
  })
})
