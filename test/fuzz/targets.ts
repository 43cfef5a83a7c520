/**
 * The fuzzed code: every reader of octets from the network. A target may throw a ZonecastError; any other error is a
 * finding. Accepted input is used as well: printed, compared, sent again.
 */
import { readHeader, readMessage } from '../../lib/dns/message.js'
import { MessageFramer, frame } from '../../lib/dns/framing.js'
import { RecordReader } from '../../lib/dns/record-reader.js'
import { recordText } from '../../lib/dns/record-text.js'
import { AnswerVerifier } from '../../lib/dns/tsig.js'
import { findTsig, type TsigKey } from '../../lib/dns/tsig-record.js'
import { ZonecastError } from '../../lib/errors.js'
import { InboundTransfer } from '../../lib/xfr/inbound.js'
import { MessageCutter } from '../../lib/xfr/message-cutter.js'
import { recordsIn } from '../../lib/zone/record-run.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { heldSerialOf } from '../../services/transfer/held-serial.js'
import { answerTo, readRequest, readStranger } from '../../services/transfer/request.js'
import { judgeRequest } from '../support/tsig-maker.js'

/** A conversation, as recorded or damaged. */
export interface Subject {
  apex: Buffer
  key: TsigKey | undefined
  time: number
  id: number
  request: Buffer
  answers: Buffer[]
  /** A choice for targets that have several ways. */
  choice: number
}

const SCRATCH = Buffer.alloc(70_000)

/** Errors with a code are expected. */
function allowing(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof ZonecastError)) throw error
  }
}

function readEverything(message: Buffer): void {
  allowing(() => {
    const { answer, authority } = readMessage(message)
    for (const stored of [...answer, ...authority]) recordText(stored, 0)
  })
  allowing(() => {
    const { questions, answers, authorities, additionals } = readHeader(message)
    const reader = new RecordReader()
    let o = 12
    for (let i = Math.min(questions, 1); i > 0; i--) o += 9
    for (let i = answers + authorities + additionals; i > 0; i--) {
      reader.read(message, o, SCRATCH, 0)
      o = reader.next
    }
  })
}

function judgeRequests(subject: Subject): void {
  const keys = (name: Buffer): TsigKey | undefined => (subject.key?.wireName.equals(name) ? subject.key : undefined)
  for (const octets of [subject.request, ...subject.answers.slice(0, 2)]) {
    allowing(() => void findTsig(octets))
    allowing(() => void judgeRequest(octets, keys, subject.time))
    const all = (name: Buffer): TsigKey[] => [keys(name)].flatMap((key) => key ?? [])
    const read = readRequest(octets, all, subject.time)
    const stranger = readStranger(octets)
    if (stranger.kind === 'request') throw new Error('a stranger has a request')
    for (const refused of [read, stranger]) if (refused.kind === 'refusal') readMessage(refused.answer())
    if (read.kind !== 'request') continue
    const { request } = read
    heldSerialOf(request.message, subject.apex)
    readMessage(answerTo(request, { rcode: 0 }, subject.time))
  }
}

function verifyAnswers(subject: Subject): void {
  if (!subject.key) return
  const mac = Buffer.alloc(32)
  allowing(() => {
    const verifier = new AnswerVerifier(subject.key!, findTsig(subject.request)?.mac ?? mac)
    for (const answer of subject.answers) verifier.accept(answer, subject.time)
  })
}

/** The received records are sent again, and are unchanged. */
function sendAgain(contents: ZoneContents): void {
  const cutter = new MessageCutter(contents.apex, 252)
  const view = contents.view()
  let records = 0
  allowing(() => {
    view.walk(0, 1e6, (data, at) => {
      recordText(data, at)
      cutter.add(data, at)
      records += 1
    })
    const prepared = cutter.finish()
    if (prepared.records !== records) throw new Error(`${records} records became ${prepared.records}`)
    const framer = new MessageFramer()
    const reader = new RecordReader()
    for (const block of prepared.blocks)
      framer.push(block, (message) => {
        const header = readHeader(message)
        let o = 12 + (header.questions === 1 ? contents.apex.length + 4 : 0)
        for (let i = header.answers; i > 0; i--) {
          reader.read(message, o, SCRATCH, 0)
          if (!contents.has(SCRATCH, 0)) throw new Error(`sent what is not there: ${recordText(SCRATCH, 0)}`)
          o = reader.next
        }
        if (o !== message.length) throw new Error('octets behind the last record sent')
      })
  })
  view.release()
}

function receiveTransfer(subject: Subject): void {
  const { apex, id, choice } = subject
  const asked = choice % 2 === 0 ? 'ixfr' : 'axfr'
  const currentSerial = asked === 'ixfr' ? choice % 5 : undefined
  let contents: ZoneContents | undefined
  let inbound: InboundTransfer | undefined
  allowing(() => {
    inbound = new InboundTransfer({
      asked,
      apex,
      currentSerial,
      id,
      limits: { octets: 1e7, memory: 1e7, records: 1e5, messages: 100, names: choice % 3 === 0 ? 1000 : undefined, hint: '' },
      onFull: () => {
        contents = new ZoneContents(apex)
      },
      onRecords: (data, from, to) => contents!.addRun(data, from, to),
    })
    for (const answer of subject.answers) inbound.accept(answer)
  })
  const outcome = inbound?.outcome
  if (outcome?.kind === 'full') sendAgain(contents!)
  if (outcome?.kind === 'incremental')
    for (const difference of outcome.differences)
      for (const run of [difference.removed, difference.added]) for (const at of recordsIn(run)) recordText(run.data, at)
}

function frameAndSplit(subject: Subject): void {
  const stream = Buffer.concat(subject.answers.map(frame))
  const messages: Buffer[] = []
  const framer = new MessageFramer()
  for (let o = 0; o < stream.length; ) {
    const end = o + 1 + ((subject.choice * (o + 7)) % 4000)
    framer.push(stream.subarray(o, end), (message) => messages.push(Buffer.from(message)))
    o = end
  }
  if (messages.length !== subject.answers.length) throw new Error(`${subject.answers.length} messages became ${messages.length}`)
}

export const TARGETS: Readonly<Record<string, (subject: Subject) => void>> = {
  readEverything: (subject) => [subject.request, ...subject.answers].forEach(readEverything),
  judgeRequests,
  verifyAnswers,
  receiveTransfer,
  frameAndSplit,
}
