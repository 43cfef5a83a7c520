/** The version that a node served at a time, and the times at which that is not known. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import { type KeptVersion, servedAt } from '../../../services/api/served-at.js'

const version = (serial: number, releasedAt: number | undefined, confirmed?: number, releasedTo = {}): KeptVersion => ({
  serial: serial as Serial,
  releasedAt,
  releasedTo,
  confirmed: { get: (node) => (node === 'ams1' ? confirmed : 1) },
})
const KEPT = [version(3, 100, 110), version(4, 200, 260), version(5, undefined, 330, { ams1: 300 }), version(6, 400)]

describe('the version that a node served at a time', () => {
  for (const [at, serial, more] of [
    [109, undefined, { until: 110 }],
    [110, 3, { confirmedAt: 110, until: 260, mayBe: undefined, why: undefined }],
    [199, 3, { mayBe: undefined }],
    [200, 3, { mayBe: 4, until: 260 }],
    [259, 3, { mayBe: 4 }],
    [260, 4, { mayBe: undefined, until: 330 }],
    [310, 4, { mayBe: 5 }],
    [399, 5, { mayBe: undefined, until: undefined }],
    [500, 5, { mayBe: 6, until: undefined }],
  ] as const)
    it(`at ${at} is ${serial ?? 'not known'}`, () => {
      const then = servedAt(KEPT, 'ams1', at)
      expect(then).to.include({ serial, ...more })
      expect(then.why !== undefined, 'a sentence about each doubt').to.equal(serial === undefined || then.mayBe !== undefined)
    })

  it('is not known for a node without a confirmation', () => {
    expect(servedAt([version(3, 100)], 'ams1', 500).why).to.equal('no kept version was confirmed by the node')
    expect(servedAt([], 'ams1', 500)).to.include({ serial: undefined, until: undefined })
  })

  it('is the later confirmed one after a roll-back to another serial', () => {
    expect(servedAt([version(3, 100, 110), version(4, 200, 210), version(5, 300, 310)], 'ams1', 320).serial).to.equal(5)
    expect(servedAt([version(9, 100, 310), version(4, 200, 210)], 'ams1', 320).serial, 'by time, not by place').to.equal(9)
  })
})
