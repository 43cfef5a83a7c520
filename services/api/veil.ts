/**
 * Texts in answers for callers with a scope: a reason, an error or a report may name any zone, node or cloud. Names outside the scope
 * are replaced. Fields that have a name as such are left out by the routes.
 */
import type { Response } from 'express'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import type { ApiContext } from './context.js'
import { type Scope, scopeOf } from './scope.js'

/** Fields with texts, by whatever route. */
const TEXTS: ReadonlySet<string> = new Set(
  'reason error errors why detail waitingFor report what stage name held problems notes examples findings missing drainReason lastError for'.split(
    ' ',
  ),
)
/** Names are words between blanks, quotes and brackets. */
const WORD = /[^\s"'`(){}[\]<>,;:=|]+/g
const QUOTE = /["'`]/
const HIDDEN = { zone: '(another zone)', node: '(another node)', cloud: '(another)' } as const

export class Veil {
  readonly #scope: Scope
  readonly #fleet: () => Fleet

  constructor(scope: Scope, fleet: () => Fleet) {
    this.#scope = scope
    this.#fleet = fleet
  }

  /** The value of an answer; itself when the scope is everything. */
  over<T>(value: T): T {
    return this.#scope.isAll ? value : (this.#value(value, false) as T)
  }

  #value(value: unknown, isText: boolean): unknown {
    if (typeof value === 'string') return isText ? this.text(value) : value
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((each) => this.#value(each, isText))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#value(each, TEXTS.has(key))]))
  }

  text(text: string): string {
    let before = ''
    return text.replace(WORD, (word, at: number) => {
      const isQuoted = QUOTE.test(text.charAt(at - 1))
      const bare = word.replace(/[.!?]+$/, '')
      const hidden =
        this.#hiddenNode(word) ??
        this.#hiddenNode(bare) ??
        this.#hiddenZone(word, before, isQuoted) ??
        this.#hiddenZone(bare, before, isQuoted) ??
        this.#hiddenCloud(bare, before, text)
      before = bare
      return hidden ?? word
    })
  }

  #hiddenNode(word: string): string | undefined {
    const node = this.#fleet().nodes.get(word)
    return node === undefined || this.#scope.hasNode(node) ? undefined : HIDDEN.node
  }

  /** Zones such as `no.`, `is.` and `on.` are words of every text: a name of one label counts with its final dot, or quoted after "zone". */
  #hiddenZone(word: string, before: string, isQuoted: boolean): string | undefined {
    const { zones } = this.#fleet()
    const name = word.toLowerCase()
    const isNamed = name.includes('.') || (isQuoted && /^zones?$/i.test(before))
    const zone = zones.get(name as ZoneName) ?? (isNamed && name !== '' ? zones.get(`${name}.` as ZoneName) : undefined)
    return zone === undefined || this.#scope.hasZone(zone) ? undefined : HIDDEN.zone
  }

  /** Clouds have short names, as A: only after the word, or alone, it is one. */
  #hiddenCloud(word: string, before: string, text: string): string | undefined {
    const isNamed = /^(?:cloud|clouds|and)$/i.test(before) || word === text || word.length > 2
    if (!isNamed || !this.#fleet().clouds.has(word)) return undefined
    return this.#scope.seesCloud(word, this.#fleet().nodes.values()) ? undefined : HIDDEN.cloud
  }
}

export const veilFor = (context: ApiContext, res: Response): Veil => new Veil(scopeOf(context, res), () => context.matrix.fleet)

/** Puts the veil over every answer that a route writes as one JSON value. */
export function veilAnswers(context: ApiContext, res: Response): void {
  if (scopeOf(context, res).isAll) return
  const send = res.json.bind(res)
  res.json = (body) => send(veilFor(context, res).over(body))
}
