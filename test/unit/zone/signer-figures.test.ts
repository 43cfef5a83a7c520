/** The expiry of the first signature while records are added and removed, and when it becomes unknown. */
import { expect } from 'chai'
import fc from 'fast-check'
import { SignerFigures } from '../../../lib/zone/signer-figures.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'

const SIGNATURE = record('a.example. 60 RRSIG A 8 2 60 20260701000000 20260601000000 1 example. AAAA')
/** RDATA fields: type, algorithm, labels, TTL. */
const EXPIRATION = SIGNATURE.length - 3 - 9 - 10

function signature(expiration: number): Buffer {
  const copy = Buffer.from(SIGNATURE)
  copy.writeUInt32BE(expiration >>> 0, EXPIRATION)
  return copy
}

describe('the signature figures of a zone', () => {
  it('have the first expiration after any additions and removals, or report it unknown', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 200 }), (acts) => {
        const figures = new SignerFigures(4)
        const times: number[] = []
        for (const [value, comes] of acts) {
          const time = comes ? value * 1000 : times[value % times.length]
          if (time === undefined) continue
          if (comes) times.push(time)
          else times.splice(times.indexOf(time), 1)
          figures.note(signature(time), 0, comes ? 1 : -1)
          const earliest = figures.earliest()
          if (earliest === 'unknown') expect(figures.isRunningOut).to.equal(true)
          else expect(earliest).to.equal(times.length === 0 ? 'none' : Math.min(...times))
        }
      }),
      seededRuns(200),
    )
  })

  it('RFC 4034 §3.1.5: compare times as serials, which wrap in 2106', () => {
    const figures = new SignerFigures()
    figures.note(signature(100), 0, 1)
    figures.note(signature(0xffff_fff0), 0, 1)
    expect(figures.earliest()).to.equal(0xffff_fff0)
  })
})
