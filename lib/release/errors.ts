/** Errors of orders that do not fit the state of the zone. */
import { type NextMove, ZonecastError } from '../errors.js'

const ORDER_REFUSALS = [
  'approved-already',
  'contradicts',
  'never-released',
  'no-conflict',
  'no-version',
  'not-kept',
  'not-open',
  'nothing-open',
  'nothing-released',
  'other-serial',
  'redis-slow',
  'signed',
  'unknown-primary',
  'unknown-version',
  'was-left',
] as const
export type OrderRefusal = (typeof ORDER_REFUSALS)[number]

export class OrderError extends ZonecastError<{ code: 'ORDER_REFUSED'; refusal: OrderRefusal }> {
  override readonly name = 'OrderError'

  constructor(refusal: OrderRefusal, message: string) {
    super({ code: 'ORDER_REFUSED', refusal }, message)
  }

  override get nextMove(): NextMove {
    return this.fault.refusal === 'redis-slow' ? 'later' : 'operator'
  }
}
