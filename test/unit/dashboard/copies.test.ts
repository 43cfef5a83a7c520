/** Lists that the page repeats, as it imports nothing of the hub: each is the same as its source. */
import { expect } from 'chai'
import { CallerAnswer } from '../../../lib/answers/caller-answers.js'
import { ranksAtLeast } from '../../../services/api/auth.js'
import { SEVERITIES as PAGE_SEVERITIES } from '../../../services/api/dashboard/fleet-model.js'
import { RIGHTS, whyNot } from '../../../services/api/dashboard/roles.js'
import { SEVERITIES } from '../../../services/api/zone-sum.js'

const ROLES = CallerAnswer.shape.role.options

describe('the copies of the page', () => {
  it('have the severities by which the hub sorts lists', () => {
    expect(PAGE_SEVERITIES).to.deep.equal(SEVERITIES)
  })

  it('have every role, with its rights', () => {
    expect(RIGHTS).to.have.all.keys(...ROLES)
  })

  for (const role of ROLES)
    it(`give ${role} the orders that the hub gives it`, () => {
      const caller = { name: 'noc', role, scope: null, expires: null }
      for (const needed of ROLES.filter((each) => each !== 'vantage'))
        expect(whyNot(caller, needed) === undefined, needed).to.equal(ranksAtLeast(role, needed))
    })
})
