/** Expects a ZonecastError by its code and data, never by its text. */
import { expect } from 'chai'
import { ZonecastError } from '../../lib/errors.js'

/** Runs `act`, which must throw or reject with a ZonecastError of this code; returns the error for further checks. */
export async function expectError(code: string, act: () => unknown, data: Record<string, unknown> = {}): Promise<ZonecastError> {
  let thrown: unknown
  try {
    await act()
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof ZonecastError)) {
    throw thrown ?? new Error(`expected ${code}, but nothing was thrown`)
  }
  expect(thrown.fault).to.include({ code, ...data })
  return thrown
}
