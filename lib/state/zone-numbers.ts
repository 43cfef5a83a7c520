/** Small numbers for zones, so that columns of numbers can hold what belongs to each. A number is used again after its zone is gone. */
import type { ZoneName } from '../dns/name.js'

export class ZoneNumbers {
  readonly #numbers = new Map<ZoneName, number>()
  readonly #names: (ZoneName | undefined)[] = []
  readonly #free: number[] = []

  /** The zone's number, a new one when it has none. */
  of(name: ZoneName): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#free.pop() ?? this.#names.length
    this.#numbers.set(name, number)
    this.#names[number] = name
    return number
  }

  find(name: ZoneName): number | undefined {
    return this.#numbers.get(name)
  }

  name(number: number): ZoneName | undefined {
    return this.#names[number]
  }

  /** Frees the number: its columns must be empty. Returns it. */
  drop(name: ZoneName): number | undefined {
    const number = this.#numbers.get(name)
    if (number === undefined) return undefined
    this.#numbers.delete(name)
    this.#names[number] = undefined
    this.#free.push(number)
    return number
  }

  /** Every number is less than this. */
  get end(): number {
    return this.#names.length
  }
}
