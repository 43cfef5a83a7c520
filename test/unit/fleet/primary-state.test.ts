/** What a primary's serial says of it, beside what we hold. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import { type PrimaryFacts, type PrimaryState, primaryState } from '../../../lib/fleet/primary-state.js'

const serial = (n: number): Serial => n as Serial

describe('the state of a primary', () => {
  const CASES: readonly (readonly [state: PrimaryState, facts: Partial<PrimaryFacts>])[] = [
    ['same', {}],
    ['conflict', { isRival: true }],
    ['newer', { serial: serial(11) }],
    ['newer', { serial: serial(11), isRival: true }],
    ['newer', { held: undefined }],
    ['far-ahead', { serial: serial(10 + 2 ** 30 + 1) }],
    ['newer', { serial: serial(10 + 2 ** 30) }],
    ['lags', { serial: serial(9), highest: serial(9) }],
    ['lags', { serial: serial(9), highest: undefined }],
    ['went-back', { serial: serial(9), highest: serial(10) }],
    ['went-back', { serial: serial(0xffff_fff0), highest: serial(3) }],
    ['apart', { serial: serial(10 + 2 ** 31) }],
    ['silent', { error: 'timed out', serial: serial(11) }],
    ['unknown', { serial: undefined }],
  ]
  for (const [state, facts] of CASES)
    it(`is ${state} with ${JSON.stringify(facts)}`, () => {
      const usual: PrimaryFacts = { serial: serial(10), highest: serial(10), error: undefined, held: serial(10), isRival: false }
      expect(primaryState({ ...usual, ...facts })).to.equal(state)
    })
})
