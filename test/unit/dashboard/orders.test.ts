/** Orders of the page: the bodies fit the API's schemas, the effect is stated, and the rights are those of the routes. */
import { expect } from 'chai'
import {
  approveBody,
  drainBody,
  holdBody,
  nodeResyncBody,
  nodeVerifyBody,
  refreshBody,
  rejectBody,
  releaseBody,
  rollbackBody,
  undrainBody,
  zoneResyncBody,
  zoneVerifyBody,
} from '../../../services/api/order-schemas.js'
import { ROUTES } from '../../../services/api/openapi.js'
import * as orders from '../../../services/api/dashboard/orders/order.js'
import { whyNot } from '../../../services/api/dashboard/roles.js'

const DIGEST = '0123456789abcdef'
const ZONE = 'example.com.'

const ALL = [
  [orders.refresh(ZONE), refreshBody],
  [orders.resyncZone(ZONE), zoneResyncBody],
  [orders.resyncPair(ZONE, 'ams1'), zoneResyncBody],
  [orders.forcePair(ZONE, 'ams1'), zoneResyncBody],
  [orders.resyncNode('ams1'), nodeResyncBody],
  [orders.forceNode('ams1'), nodeResyncBody],
  [orders.verifyZone(ZONE), zoneVerifyBody],
  [orders.verifyPair(ZONE, 'ams1'), zoneVerifyBody],
  [orders.verifyNode('ams1'), nodeVerifyBody],
  [orders.hold(ZONE), holdBody],
  [orders.resume(ZONE), releaseBody],
  [orders.approve(ZONE, 5, DIGEST, null), approveBody],
  [orders.choose(ZONE, 'hm2', 5, DIGEST), approveBody],
  [orders.reject(ZONE, 5, DIGEST), rejectBody],
  [orders.rollback(ZONE, 5), rollbackBody],
  [orders.drain('ams1'), drainBody],
  [orders.undrain('ams1'), undrainBody],
] as const

describe('an order of the page', () => {
  for (const [order, schema] of ALL) {
    const title = `${order.name} ${order.about}`
    const choices = (order.fields ?? []).flatMap(({ name, options = [] }) => options.map(([value]) => ({ [name]: value })))
    it(`${title}: has a body that the hub accepts, for every choice, and states its effect`, () => {
      for (const values of choices.length === 0 ? [{}] : choices) {
        expect(schema.safeParse(orders.bodyOf(order, values, 'a reason')).error, JSON.stringify(values)).to.equal(undefined)
        expect(order.does(values)).to.not.be.empty
      }
    })

    it(`${title}: requires a reason where the hub does`, () => {
      const first = Object.fromEntries((order.fields ?? []).map(({ name, value }) => [name, value ?? '']))
      expect(schema.safeParse(orders.bodyOf(order, first, ' ')).success).to.equal(order.needsReason !== true)
    })

    it(`${title}: has the role of its route`, () => {
      const path = order.path.replace(/\/(zones|nodes)\/[^/]+/, (_, kind) => `/${kind}/{${kind.slice(0, -1)}}`)
      const route = ROUTES.find((each) => each.method === 'post' && each.path === path)
      expect(route, path).to.not.equal(undefined)
      expect(JSON.stringify(route)).to.include(order.role)
    })
  }

  it('chooses the content that the operator has seen, not what the primary serves by then', () => {
    expect(orders.bodyOf(orders.choose(ZONE, 'hm2', 5, DIGEST), {}, 'why')).to.deep.equal({
      primary: 'hm2',
      serial: 5,
      digest: DIGEST,
      reason: 'why',
    })
  })

  it('states which approval it is when several people must approve', () => {
    const { does } = orders.approve(ZONE, 5, DIGEST, { required: 2, given: [] })
    expect(does({})[0]).to.match(/^This is approval 1 of 2/)
    const last = orders.approve(ZONE, 5, DIGEST, { required: 2, given: [{}] })
    expect(last.does({})[0]).to.match(/^Serial 5 goes out/)
  })
})

describe('the rights of a caller', () => {
  const caller = (name: string, role: 'viewer' | 'operator' | 'publisher' | 'admin') => ({
    name,
    role,
    scope: null,
    expires: null,
  })

  it('are those of the role and of the roles below it', () => {
    expect(whyNot(caller('noc', 'publisher'), 'operator')).to.equal(undefined)
    expect(whyNot(caller('noc', 'operator'), 'publisher')).to.equal(
      'You are noc, role operator; this order needs the role publisher.',
    )
    expect(whyNot(caller('anonymous', 'viewer'), 'operator')).to.match(/^You are not signed in/)
    expect(whyNot(undefined, 'operator')).to.match(/your role is unknown/)
  })
})
