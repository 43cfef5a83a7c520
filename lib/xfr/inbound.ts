/**
 * The receiving end of a transfer, without sockets: messages in, zone data out (RFC 5936 §2.2, RFC 1995 §4). Verifies that the
 * exchange is complete and legal; applies nothing and verifies no signature.
 *
 *   expect-soa ──first record──▶ decide ──SOA at current serial──▶ removing ⇄ adding ──closing SOA──▶ finished
 *                                  │ ╰──any other record─────────▶ body ──the same SOA again────────▶ finished
 *                                  ╰──nothing newer──────────────▶ finished (up to date)
 */
import { readHeader, type Soa, soaOf } from '../dns/message.js'
import { lowerWire } from '../dns/name.js'
import { MAX_STORED_OCTETS } from '../dns/record.js'
import { RecordReader } from '../dns/record-reader.js'
import { CLASS, isMetaType, TYPE, typeName } from '../dns/rrtype.js'
import { compareSerials } from '../dns/serial.js'
import type { Difference } from '../zone/difference.js'
import { sameRecord } from '../zone/record-hash.js'
import { RunBuilder } from '../zone/record-run.js'
import { TransferError } from './errors.js'
import { checkAnswerHeader } from './inbound-header.js'
import { LimitGuard } from './inbound-limits.js'
import type { InboundOutcome, InboundWish } from './inbound-wish.js'
import type { MessageFigures, MessageMemory } from './message-memory.js'
import { OwnersInZone } from './owner-in-zone.js'

type State =
  | { at: 'expect-soa' }
  | { at: 'decide' }
  | { at: 'body' }
  | { at: 'removing' | 'adding'; from: Soa; to: Soa | undefined; removed: RunBuilder; added: RunBuilder }
  | { at: 'finished'; outcome: InboundOutcome }

/** Each costs objects and a pass over the zone, even for a small change. */
const MOST_SEQUENCES = 10_000

/** Octets that are gathered before they are passed on, so that they are copied once and many at a time. */
const BLOCK_OCTETS = 1 << 17
/**
 * Gathers the records of a message, followed by the one being read: one for all transfers, because none of them waits while it
 * uses it.
 */
const BLOCK = Buffer.allocUnsafeSlow(BLOCK_OCTETS + MAX_STORED_OCTETS)

export class InboundTransfer {
  readonly #wish: InboundWish
  readonly #owners: OwnersInZone
  readonly #reader = new RecordReader()
  #filled = 0
  readonly #differences: Difference[] = []
  readonly #limits: LimitGuard
  #state: State = { at: 'expect-soa' }
  #target: Soa | undefined
  /** So far, for the log and the limits. */
  records = 0
  messages = 0
  octets = 0
  /** Octets of the records in stored form. */
  stored = 0
  /** Records dropped because they are outside the zone. */
  outside = 0
  /** More records came than an up-to-date answer has: the connection must not be reused. */
  surplus = false

  constructor(wish: InboundWish) {
    this.#wish = wish
    this.#owners = new OwnersInZone(lowerWire(wish.apex))
    this.#limits = new LimitGuard(wish.limits, wish.asked)
  }

  get outcome(): InboundOutcome | undefined {
    return this.#state.at === 'finished' ? this.#state.outcome : undefined
  }

  /** One newer SOA and no other record yet: over TCP more may follow, or the primary requests AXFR (RFC 1995 §2). */
  get isLoneSoa(): boolean {
    return this.#state.at === 'decide'
  }

  /**
   * Takes one message. `end`: of its octets before a TSIG. Throws TransferError or WireError; after that the exchange is void.
   */
  accept(msg: Buffer, end = msg.length): void {
    this.messages += 1
    this.octets += msg.length
    const { answers, at } = checkAnswerHeader(msg, this.#wish, this.#state.at)
    const known = this.#state.at === 'body' && this.#wish.limits.names === undefined ? this.#wish.known : undefined
    const figures = known?.take(msg, end)
    if (figures === undefined) this.#read(msg, answers, at, known)
    else this.#add(figures)
    this.#limits.check(this)
    if (this.#state.at === 'decide' && this.#wish.asked === 'ixfr') this.#decideLoneSoa()
  }

  #add({ records, stored, outside }: MessageFigures): void {
    this.records += records
    this.stored += stored
    this.outside += outside
  }

  #read(msg: Buffer, answers: number, at: number, known: MessageMemory | undefined): void {
    const { records, stored, outside } = this
    const reader = this.#reader
    this.#owners.begin()
    let o = at
    for (let i = 0; i < answers; i++) {
      reader.read(msg, o, BLOCK, this.#filled)
      o = reader.next
      this.#takeRecord()
    }
    this.#handOver()
    this.#skipRest(msg, o)
    // An SOA in the body ends the transfer.
    if (this.#state.at === 'body')
      known?.note({ records: this.records - records, stored: this.stored - stored, outside: this.outside - outside })
  }

  /** The primary closed the connection: an error unless the transfer has finished. */
  end(): never {
    throw this.#fail(
      { code: 'XFR_ENDED_EARLY', records: this.records },
      `the transfer ended early, after ${this.records} records`,
    )
  }

  #fail(fault: Record<string, unknown> & { code: string }, message: string): TransferError {
    return new TransferError({ ...fault, asked: this.#wish.asked } as ConstructorParameters<typeof TransferError>[0], message)
  }

  /**
   * Authority and additional records are not zone data (RFC 5936 §2.2.4, §2.2.5), but must be well formed and the last octets.
   */
  #skipRest(msg: Buffer, from: number): void {
    const header = readHeader(msg)
    let o = from
    for (let i = header.authorities + header.additionals; i > 0; i--) {
      this.#reader.read(msg, o, BLOCK, this.#filled)
      o = this.#reader.next
    }
    if (o !== msg.length)
      throw this.#fail(
        { code: 'XFR_HEADER', reason: 'trailing octets' },
        `${msg.length - o} octets behind the last record of a message`,
      )
  }

  /** Passes on the gathered records. */
  #handOver(): void {
    if (this.#filled === 0) return
    this.#wish.onRecords(BLOCK, 0, this.#filled)
    this.#filled = 0
  }

  /** Handles the last record, at the end of the block. */
  #takeRecord(): void {
    const { type, ownerLength } = this.#reader
    const state = this.#state
    if (state.at === 'finished') {
      // Records after an older SOA do not matter: the primary has no newer version.
      if (state.outcome.kind !== 'up-to-date') throw this.#fail({ code: 'XFR_TRAILING' }, 'a record follows the closing SOA')
      this.surplus = true
      return
    }
    this.records += 1
    this.stored += this.#reader.length
    this.#owners.take(this.#reader, BLOCK, this.#filled)
    if (this.#reader.class !== CLASS.IN)
      throw this.#fail(
        { code: 'XFR_BAD_RECORD', reason: 'class' },
        `a record of class ${this.#reader.class} in a transfer of class IN`,
      )
    if (isMetaType(type))
      throw this.#fail({ code: 'XFR_BAD_RECORD', reason: 'meta type' }, `a record of type ${typeName(type)} is not zone data`)
    if (type === TYPE.SOA) {
      if (!this.#isApex(ownerLength))
        throw this.#fail({ code: 'XFR_BAD_RECORD', reason: 'SOA below the apex' }, 'an SOA record that is not at the apex')
      this.#takeSoa(soaOf(BLOCK, this.#filled))
      return
    }
    if (state.at === 'expect-soa')
      throw this.#fail({ code: 'XFR_NO_LEADING_SOA' }, `the transfer begins with ${typeName(type)} instead of SOA`)
    if (!this.#owners.isIn) {
      this.outside += 1
      return
    }
    this.#limits.noteOwner(BLOCK, this.#filled + 2, ownerLength)
    if (state.at === 'decide') this.#beginFull()
    if (state.at === 'removing') state.removed.add(BLOCK, this.#filled)
    else if (state.at === 'adding') state.added.add(BLOCK, this.#filled)
    else {
      this.#filled += this.#reader.length
      if (this.#filled > BLOCK_OCTETS) this.#handOver()
    }
  }

  #takeSoa(soa: Soa): void {
    const state = this.#state
    if (state.at === 'expect-soa') {
      this.#target = soa
      this.#state = { at: 'decide' }
    } else if (state.at === 'decide') this.#decideOnSecondSoa(soa)
    else if (state.at === 'body') {
      // RFC 5936 §2.2: only the same SOA ends the transfer; another one means that the zone changed meanwhile.
      if (!this.#isTarget(soa))
        throw this.#fail(
          { code: 'XFR_SERIAL_MISMATCH', reason: 'closing SOA' },
          `the closing SOA (serial ${soa.serial}) is not the opening one (serial ${this.#target!.serial})`,
        )
      this.#state = { at: 'finished', outcome: { kind: 'full', soa: this.#target! } }
    } else if (state.at === 'removing') {
      if (
        compareSerials(soa.serial, state.from.serial) !== 'newer' ||
        compareSerials(soa.serial, this.#target!.serial) === 'newer'
      )
        throw this.#fail(
          { code: 'XFR_SERIAL_MISMATCH', reason: 'sequence does not rise' },
          `a difference sequence goes from serial ${state.from.serial} to ${soa.serial}`,
        )
      this.#state = { ...state, at: 'adding', to: soa }
    } else if (state.at === 'adding') this.#closeSequence(state, soa)
  }

  /**
   * RFC 1995 §4: an SOA with the current serial opens a difference sequence; the target SOA again means a zone of only its SOA.
   */
  #decideOnSecondSoa(soa: Soa): void {
    const target = this.#target!
    if (
      this.#wish.asked === 'ixfr' &&
      soa.serial === this.#wish.currentSerial &&
      compareSerials(target.serial, soa.serial) === 'newer'
    )
      this.#openSequence(soa)
    else if (this.#isTarget(soa)) {
      this.#beginFull()
      this.#state = { at: 'finished', outcome: { kind: 'full', soa: target } }
    } else if (this.#nothingNewer())
      this.#state = { at: 'finished', outcome: { kind: 'up-to-date', servedSerial: target.serial } }
    else
      throw this.#fail(
        { code: 'XFR_SERIAL_MISMATCH', reason: 'first sequence' },
        `the first difference sequence starts at serial ${soa.serial}, not at the current one`,
      )
  }

  #openSequence(from: Soa): void {
    if (this.#differences.length >= MOST_SEQUENCES)
      throw this.#fail(
        { code: 'XFR_TOO_MANY_SEQUENCES', sequences: MOST_SEQUENCES },
        `more than ${MOST_SEQUENCES} difference sequences: an AXFR costs less`,
      )
    this.#state = { at: 'removing', from, to: undefined, removed: new RunBuilder(), added: new RunBuilder() }
  }

  #closeSequence(state: Extract<State, { at: 'removing' | 'adding' }>, soa: Soa): void {
    const to = state.to!
    this.#differences.push({
      from: state.from.serial,
      to: to.serial,
      fromSoa: state.from.stored,
      toSoa: to.stored,
      removed: state.removed.finish(),
      added: state.added.finish(),
    })
    if (soa.serial !== to.serial)
      throw this.#fail(
        { code: 'XFR_SERIAL_MISMATCH', reason: 'gap' },
        `a difference sequence to ${to.serial} is followed by one from ${soa.serial}`,
      )
    if (to.serial !== this.#target!.serial) this.#openSequence(soa)
    else if (!this.#isTarget(soa))
      throw this.#fail({ code: 'XFR_SERIAL_MISMATCH', reason: 'closing SOA' }, 'the closing SOA is not the opening one')
    else this.#state = { at: 'finished', outcome: { kind: 'incremental', soa: this.#target!, differences: this.#differences } }
  }

  #nothingNewer(): boolean {
    const { asked, currentSerial } = this.#wish
    return asked === 'ixfr' && currentSerial !== undefined && compareSerials(this.#target!.serial, currentSerial) !== 'newer'
  }

  /** RFC 1995 §2: one SOA that is not newer than the current one means that there is no newer version. */
  #decideLoneSoa(): void {
    if (this.#nothingNewer())
      this.#state = { at: 'finished', outcome: { kind: 'up-to-date', servedSerial: this.#target!.serial } }
  }

  #beginFull(): void {
    const target = this.#target!
    this.#wish.onFull(target)
    this.#wish.onRecords(target.stored, 0, target.stored.length)
    this.#state = { at: 'body' }
  }

  #isTarget(soa: Soa): boolean {
    return sameRecord(soa.stored, 0, this.#target!.stored, 0)
  }

  #isApex(ownerLength: number): boolean {
    return ownerLength === this.#wish.apex.length && this.#owners.isIn
  }
}
