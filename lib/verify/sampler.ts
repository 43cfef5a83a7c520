/**
 * Compares a node's answers with a version, question by question, where it allows no transfer. A fault counts only when the node
 * repeats it, and only between two SOA answers with the serial of the version: a node that changes versions has no fault.
 */
import { randomBytes } from 'node:crypto'
import type { IgnoredRecords } from '../dns/ignored-records.js'
import { findSoa, type SmallMessage } from '../dns/message.js'
import { recordText } from '../dns/record-text.js'
import { TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import { zoneVersionOf } from '../dns/zone-version.js'
import { describeError } from '../errors.js'
import { NO_ANSWER } from '../fleet/node-content.js'
import { asResolver } from '../fleet/remote.js'
import { type Asked, type AnswerFault, judgeAnswer, type Judged } from '../lookup/judge-answer.js'
import { keyOctets, nameKey } from '../names/name-key.js'
import { sleep } from '../runtime/clock.js'
import type { Querier, Question } from '../transport/querier.js'
import type { Version } from '../store/version.js'
import { sameRecord } from '../zone/record-hash.js'
import type { Subject } from './axfr-comparer.js'
import { withVersion } from './open-version.js'
import { planSample, type SampleSize, strangersAmong } from './sample-plan.js'
import { cannot, differs, type Finding, same } from './verdicts.js'

/** Questions under way at once to one node. */
const AT_ONCE = 4
/** Waits before a question with a fault is asked again: a cache shows a lower TTL after a second. */
const AGAIN_MS = [250, 1_500]
/** Questions with a fault that are asked again; more show nothing new. */
const MOST_FAULTY = 20
const MOST_EXAMPLES = 10
const PATIENCE = { udpMs: 1_500, udpTries: 3, tcpMs: 5_000 }
/** A plan serves all nodes of a zone for so long; then other names are chosen. */
const PLAN_MS = 60_000

export interface SamplerParts {
  querier: Pick<Querier, 'ask'>
  /** Resolves when the node may be asked the next question. */
  room: (node: string) => Promise<void>
}

interface Plan {
  at: number
  asked: Promise<Asked[]>
}

export class Sampler {
  readonly #parts: SamplerParts
  readonly #plans = new WeakMap<Version, Map<SampleSize, Plan>>()

  constructor(parts: SamplerParts) {
    this.#parts = parts
  }

  /** `moved`: the node serves another serial. Throws the errors of the store. */
  async compare(subject: Subject, size: SampleSize): Promise<{ finding: Finding } | { moved: Serial }> {
    const { version, stored, ignored } = subject
    const before = await this.#serial(subject)
    if ('cannot' in before) return { finding: cannot('sample', before.cannot) }
    if (before.serial !== version.serial) return { moved: before.serial }
    const asked = await this.#plan(subject, size)
    const found = await this.#askAll(subject, asked)
    const strangers = await strangersAmong(stored, version, found.denials, (a, b) => sameRecord(a, 0, b, 0))
    const after = await this.#serial(subject)
    if ('cannot' in after) return { finding: cannot('sample', after.cannot) }
    if (after.serial !== version.serial) return { moved: after.serial }
    const others: AnswerFault[] = ignored.types.has(TYPE.NSEC)
      ? []
      : strangers.map((record) => ({ kind: 'extra', text: recordText(record, 0) }))
    return { finding: findingOf([...found.faults, ...others], found.unanswered, asked.length) }
  }

  #plan({ stored, version }: Subject, size: SampleSize): Promise<Asked[]> {
    const plans = this.#plans.get(version) ?? new Map<SampleSize, Plan>()
    this.#plans.set(version, plans)
    const known = plans.get(size)
    if (known !== undefined && performance.now() - known.at < PLAN_MS) return known.asked
    const asked = withVersion(stored, version, (open) => planSample(stored, open, size, Math.random, labelOfNobody))
    plans.set(size, { at: performance.now(), asked })
    asked.catch(() => plans.delete(size))
    return asked
  }

  /** The serial of the SOA answer, which a ZONEVERSION in it must confirm (RFC 9660 §3). */
  async #serial({ zone, remote }: Subject): Promise<{ serial: Serial } | { cannot: string }> {
    try {
      const answer = await this.#ask(remote, { name: zone.apex, type: TYPE.SOA, dnssec: true, zoneVersion: true })
      const soa = findSoa(answer.answer, zone.apex)
      if (soa === undefined) return { cannot: `it answers ${zone.name} SOA without an SOA record` }
      const version = zoneVersionOf(answer)
      return version !== undefined && version !== soa.serial
        ? { cannot: `it answers serial ${soa.serial}, and its ZONEVERSION is ${version}` }
        : { serial: soa.serial }
    } catch (error) {
      return { cannot: `it ${NO_ANSWER}: ${describeError(error)}` }
    }
  }

  async #ask(remote: Subject['remote'], question: Question): Promise<SmallMessage> {
    await this.#parts.room(remote.id)
    return await this.#parts.querier.ask(asResolver(remote), question, { patience: PATIENCE, tcpAfterSilence: true })
  }

  async #askAll(subject: Subject, asked: readonly Asked[]): Promise<Found> {
    const found: Found = { faults: [], denials: [], unanswered: [] }
    let next = 0
    let faulty = 0
    const askSome = async (): Promise<void> => {
      for (let one = asked[next++]; one !== undefined && faulty < MOST_FAULTY; one = asked[next++]) {
        const judged = await this.#judge(subject, one)
        if ('cannot' in judged) {
          faulty += 1
          found.unanswered.push(judged.cannot)
          continue
        }
        if (judged.faults.length > 0) faulty += 1
        found.faults.push(...judged.faults)
        found.denials.push(...judged.denials)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, askSome))
    return found
  }

  /** The faults that every answer has. */
  async #judge({ zone, remote, ignored }: Subject, asked: Asked): Promise<Judged> {
    const apex = nameKey(zone.apex, 0, zone.apex.length)
    let judged = await this.#judgeOnce(remote, asked, apex, ignored)
    for (const ms of AGAIN_MS) {
      if (!('cannot' in judged) && judged.faults.length === 0) return judged
      await sleep(ms)
      const again = await this.#judgeOnce(remote, asked, apex, ignored)
      judged = 'cannot' in judged || 'cannot' in again ? again : { ...again, faults: inBoth(judged.faults, again.faults) }
    }
    return judged
  }

  async #judgeOnce(remote: Subject['remote'], asked: Asked, apex: string, ignored: IgnoredRecords): Promise<Judged> {
    try {
      const { name, type, dnssec } = asked
      return judgeAnswer(asked, await this.#ask(remote, { name: keyOctets(name), type, dnssec }), apex, ignored)
    } catch (error) {
      return { cannot: `it ${NO_ANSWER}: ${describeError(error)}` }
    }
  }
}

interface Found {
  faults: AnswerFault[]
  denials: Buffer[]
  /** Reasons of the questions without a usable answer. */
  unanswered: string[]
}

const inBoth = (a: readonly AnswerFault[], b: readonly AnswerFault[]): AnswerFault[] =>
  b.filter(({ kind, text }) => a.some((other) => other.kind === kind && other.text === text))

function findingOf(faults: readonly AnswerFault[], unanswered: readonly string[], questions: number): Finding {
  const isKnown = (name: string): boolean => faults.some((fault) => fault.name === undefined && fault.text.startsWith(`${name} `))
  const news = faults.filter(({ name }) => name === undefined || !isKnown(name))
  const texts = [...new Set(news.map(({ kind, text }) => `${kind}: ${text}`))]
  const missing = texts.filter((text) => text.startsWith('missing')).length
  if (texts.length > 0) return differs('sample', missing, texts.length - missing, texts.slice(0, MOST_EXAMPLES))
  if (unanswered.length > 0)
    return cannot('sample', `${unanswered.length} of ${questions} questions have no usable answer: ${unanswered[0]}`)
  return same('sample')
}

const labelOfNobody = (): string => `zonecast-verify-${randomBytes(6).toString('hex')}`
