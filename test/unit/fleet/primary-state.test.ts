/** The state of a primary from its serial and the current serial. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import {
  PRIMARY_STATES,
  PRIMARY_TROUBLE,
  type PrimaryFacts,
  type PrimaryState,
  primaryState,
  whyBehind,
} from '../../../lib/fleet/primary-state.js'

const serial = (n: number): Serial => n as Serial

const QUIET: readonly PrimaryState[] = ['same', 'newer', 'unknown']

describe('the state of a primary', () => {
  const CASES: readonly (readonly [state: PrimaryState, facts: Partial<PrimaryFacts>])[] = [
    ['same', {}],
    ['conflict', { isConflicting: true }],
    ['newer', { serial: serial(11) }],
    ['newer', { serial: serial(11), isConflicting: true }],
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
      const usual: PrimaryFacts = {
        serial: serial(10),
        highest: serial(10),
        error: undefined,
        held: serial(10),
        isConflicting: false,
      }
      expect(primaryState({ ...usual, ...facts })).to.equal(state)
    })

  it('has a case for each possible state, which either needs an operator or does not', () => {
    expect(new Set(CASES.map(([state]) => state))).to.deep.equal(new Set(PRIMARY_STATES))
    expect([...PRIMARY_TROUBLE, ...QUIET]).to.have.members([...PRIMARY_STATES])
    expect(PRIMARY_TROUBLE[0]).to.equal('conflict')
  })
})

describe('the primaries of a zone', () => {
  const standing = (id: string, state: PrimaryState, n: number) => ({ id, state, serial: serial(n) })

  it('need an operator when all serve older serials and one of them went back', () => {
    const lost = [standing('hm1', 'silent', 9), standing('hm2', 'went-back', 8)]
    expect(whyBehind(lost, serial(10))).to.match(
      /^hm2 went back to serial 8, older than the current serial 10: .*set its serial above 10$/,
    )
  })

  for (const state of ['same', 'newer', 'conflict', 'far-ahead', 'unknown'] as const)
    it(`may include one that is ${state}, which can send the next version`, () => {
      expect(whyBehind([standing('hm1', state, 10), standing('hm2', 'went-back', 8)], serial(10))).to.equal(undefined)
    })

  it('need an operator when one of them has no order to the current serial (RFC 1982 §3.2)', () => {
    const lost = [standing('hm1', 'apart', 9), standing('hm2', 'lags', 8)]
    expect(whyBehind(lost, serial(10))).to.match(
      /^hm1 went back to serial 9, neither older nor newer than the current serial 10: /,
    )
    const other = [standing('hm1', 'went-back', 9), standing('hm2', 'apart', 8)]
    expect(whyBehind(other, serial(10))).to.match(/^hm1 went back to serial 9, older than /)
  })

  it('need no operator when none of them is behind', () => {
    expect(whyBehind([standing('hm1', 'went-back', 9)], undefined)).to.equal(undefined)
    expect(whyBehind([standing('hm1', 'silent', 9)], serial(10))).to.equal(undefined)
    expect(whyBehind([], serial(10))).to.equal(undefined)
  })

  it('need no operator when they only lag, as after a rollback', () => {
    expect(whyBehind([standing('hm1', 'lags', 9)], serial(10))).to.equal(undefined)
  })
})
