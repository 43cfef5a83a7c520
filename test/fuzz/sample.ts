/** Answers of a name server to the questions of a sample, good or mutated, to the comparison with the version. */
import { WireError } from '../../lib/dns/errors.js'
import { NOTHING_IGNORED } from '../../lib/dns/ignored-records.js'
import { readMessage, writeAnswer } from '../../lib/dns/message.js'
import { nameToWire } from '../../lib/dns/name.js'
import { RCODE } from '../../lib/dns/rcode.js'
import { storedLength, storedType } from '../../lib/dns/record.js'
import { CLASS, TYPE } from '../../lib/dns/rrtype.js'
import { type Asked, judgeAnswer } from '../../lib/lookup/judge-answer.js'
import { keysOf, planQuestions, type SampleNames } from '../../lib/lookup/plan-questions.js'
import { sliceOf } from '../../lib/lookup/zone-slice.js'
import { keyOctets, keyOfText, nameKey, ownerKey } from '../../lib/names/name-key.js'
import { DENIAL_KINDS, type DenialKind, everyKindZone } from '../support/every-kind-zone.js'
import { seeded } from '../support/random-change.js'
import { contentsOfLines } from '../support/signer.js'
import { type Family, type Note, timed } from './family.js'
import { type Dice, mutate } from './mutate.js'

const ZONE = 'sample.example.'
const APEX = nameKey(nameToWire(ZONE), 0, nameToWire(ZONE).length)
/** Questions of one kind of zone. */
const NAMES = 30
const SLOW_MS = 100
const TRIES = 10

interface Round {
  asked: Asked
  /** The answer of a good server. */
  answer: Buffer
}

/** `denial`: any record that denies, because this comparison does not look for it in the zone. */
function goodAnswer({ expected, name, type, dnssec }: Asked, denial: Buffer | undefined): Buffer {
  const records = 'records' in expected ? [...expected.records, ...(dnssec ? expected.signatures : [])] : []
  const denials = expected.is === 'nothing' && dnssec && denial !== undefined ? [denial] : []
  const isReferral = expected.is === 'referral'
  const answer = writeAnswer({
    request: { id: 1, flags: 0, question: { name: keyOctets(name), type, class: CLASS.IN, end: 0 } },
    rcode: expected.is === 'nothing' && !expected.exists ? RCODE.NXDOMAIN : RCODE.NOERROR,
    authoritative: !isReferral,
    answer: [...records, ...denials],
    edns: { options: [] },
  })
  const authorities = isReferral ? records.length : denials.length
  answer.writeUInt16BE(records.length + denials.length - authorities, 6)
  answer.writeUInt16BE(authorities, 8)
  return answer
}

async function roundsOf(kind: DenialKind): Promise<Round[]> {
  const contents = contentsOfLines(ZONE, everyKindZone(ZONE, 7, kind, seeded(`sample of ${kind}`)))
  const view = contents.view()
  const owners = new Set<string>()
  let denial: Buffer | undefined
  view.walk(0, Number.MAX_SAFE_INTEGER, (data, at) => {
    const type = storedType(data, at)
    if (type === TYPE.NSEC || type === TYPE.NSEC3) denial ??= Buffer.from(data.subarray(at, at + storedLength(data, at)))
    else if (type !== TYPE.RRSIG && owners.size < NAMES) owners.add(ownerKey(data, at))
  })
  owners.delete(APEX)
  const sample: SampleNames = { names: [...owners], earlier: new Map(), invented: [keyOfText(`invented.${ZONE}`)] }
  const slice = await sliceOf(view, contents.apex, contents.soa.stored, keysOf(sample), () => Promise.resolve())
  view.release()
  return planQuestions(slice, sample).map((asked) => ({ asked, answer: goodAnswer(asked, denial) }))
}

export async function openSampleAnswers(): Promise<Family> {
  const rounds = (await Promise.all(DENIAL_KINDS.map(roundsOf))).flat()
  const all = rounds.map(({ answer }) => answer)
  const play = (dice: Dice, note: Note): void => {
    const { asked, answer } = dice.pick(rounds)
    // One in ten is a good answer: nothing may differ.
    const isIntact = dice.roll(10) === 0
    const octets = isIntact ? answer : mutate(Buffer.from(answer), dice, all)
    note(() => octets.toString('hex'))
    const act = (): void => {
      try {
        const judged = judgeAnswer(asked, readMessage(octets), APEX, NOTHING_IGNORED)
        if (!isIntact) return
        if ('cannot' in judged) throw new RangeError(`a good answer is of no use: ${judged.cannot}`)
        if (judged.faults.length > 0) throw new RangeError(`a good answer differs: ${judged.faults[0]!.text}`)
      } catch (error) {
        if (isIntact || !(error instanceof WireError)) throw error
      }
    }
    let least = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < TRIES && least > SLOW_MS; tries++) least = Math.min(least, timed(act))
    if (least > SLOW_MS) throw new Error(`it takes ${Math.round(least)} ms`)
  }
  return { play }
}
