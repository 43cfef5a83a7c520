/** An order over more pairs of zone and node than one job or report may have. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { ResyncJob, ResyncProgress, Target, TargetProgress } from '../../../lib/queue/jobs.js'
import { progressOf } from '../../../services/worker/resync-processor.js'
import { endOf, runOrder } from '../../../services/worker/run-order.js'

const NODES = Array.from(
  { length: 30 },
  (_, i): FleetNode => ({
    id: `n${i}`,
    cloud: i % 2 === 0 ? 'A' : 'B',
    site: undefined,
    paths: [],
    key: undefined,
  }),
)
const ZONES = Array.from({ length: 10_000 }, (_, i) => {
  const name = `z${i}.example`
  return { name: parseZoneName(name), apex: nameToWire(name), nodes: NODES } as unknown as FleetZone
})
const FLEET = new Fleet(ZONES, NODES, [], [])
const PAIRS = ZONES.length * NODES.length
const ORDER: ResyncJob = { targets: [], select: {}, strength: 'notify', by: 'noc', reason: undefined }
const ended = (target: Target, step: TargetProgress['step'] = 'confirmed', error?: string): TargetProgress => ({
  ...target,
  step,
  serial: undefined,
  error,
})

describe('an order over many pairs', function () {
  this.timeout(20_000)
  let slices: ResyncJob[]
  let most: number
  let reports: ResyncProgress[]
  /** The first slice ends only after the second has begun. */
  let overlaps = false
  afterEach(() => {
    overlaps = false
  })

  const run = (job: ResyncJob, stepOf: (target: Target) => TargetProgress['step'] = () => 'confirmed', isCareful = false) => {
    slices = []
    reports = []
    most = 0
    let atOnce = 0
    let begin: () => void = () => undefined
    const second = new Promise<void>((resolve) => {
      begin = resolve
    })
    return runOrder(job, {
      fleet: FLEET,
      isCareful,
      report: async (progress) => void reports.push(progress),
      runSlice: async (part, note) => {
        slices.push(part)
        most = Math.max(most, ++atOnce)
        note(part.targets.map((target) => ended(target, 'notified')))
        if (slices.length === 2) begin()
        if (overlaps && slices.length === 1) await second
        await new Promise(setImmediate)
        atOnce -= 1
        return part.targets.map((target) => ended(target, stepOf(target)))
      },
    })
  }

  it('works on every pair once, in slices of whole zones, some of them at once', async () => {
    overlaps = true
    const { total, confirmed, failed } = await run(ORDER)
    expect({ total, confirmed, failed }).to.deep.equal({ total: PAIRS, confirmed: PAIRS, failed: 0 })
    const all = slices.flatMap(({ targets }) => targets)
    expect(new Set(all.map(({ zone, node }) => `${zone} ${node}`)).size).to.equal(PAIRS)
    expect(all).to.have.length(PAIRS)
    for (const { targets, select } of slices) {
      expect(select).to.equal(undefined)
      expect(targets.length).to.be.most(2_000 + NODES.length)
      expect(targets.length % NODES.length).to.equal(0)
    }
    expect(most).to.be.within(2, 4)
  })

  it('has the pairs that the order selects', async () => {
    const { total } = await run({ ...ORDER, select: { clouds: ['B'], nodes: ['n1', 'n2', 'n3'] } })
    expect(total).to.equal(2 * ZONES.length)
    expect(new Set(slices.flatMap(({ targets }) => targets.map(({ node }) => node)))).to.deep.equal(new Set(['n1', 'n3']))
  })

  it('begins no slice after one broke off, and ends with its error when the others have ended', async () => {
    let begun = 0
    let running = 0
    const error = await runOrder(ORDER, {
      fleet: FLEET,
      isCareful: false,
      report: async () => undefined,
      runSlice: async ({ targets }) => {
        begun += 1
        running += 1
        await new Promise(setImmediate)
        running -= 1
        // Others may have begun in the same turn.
        if (begun >= 4) throw new Error('redis is away')
        return targets.map((target) => ended(target))
      },
    }).catch((thrown: Error) => thrown)
    expect(error).to.include({ message: 'redis is away' })
    expect(running).to.equal(0)
    const then = begun
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    expect(begun).to.equal(then)
    expect(begun).to.be.most(8)
  })

  it('works on one slice after the other where it must be careful', async () => {
    await run({ ...ORDER, select: { nodes: ['n1'] } }, undefined, true)
    expect(slices.length).to.be.greaterThan(1)
    expect(most).to.equal(1)
  })

  it('counts all failures, and reports a thousand targets at most, failed ones first', async () => {
    const progress = await run(ORDER, ({ node }) => (node === 'n7' ? 'failed' : 'confirmed'))
    expect(progress).to.deep.include({ total: PAIRS, failed: ZONES.length, confirmed: PAIRS - ZONES.length })
    expect(progress.targets).to.have.length(1_000)
    expect(new Set(progress.targets.map(({ step }) => step))).to.deep.equal(new Set(['failed']))
    for (const { targets } of reports) expect(targets.length).to.be.most(1_000)
    expect(reports.at(-1)).to.deep.equal(progress)
  })

  it('lists the pairs of a small order all', async () => {
    const targets = ZONES.slice(0, 3).map(({ name }) => ({ zone: name, node: 'n1' }))
    const progress = await run({ ...ORDER, select: undefined, targets })
    expect(progress).to.deep.include({ total: 3, confirmed: 3 })
    expect(progress.targets).to.deep.equal(targets.map((target) => ended(target)))
  })

  it('divides a long list, too', async () => {
    const targets = ZONES.map(({ name }) => ({ zone: name, node: 'n1' }))
    expect((await run({ ...ORDER, select: undefined, targets })).confirmed).to.equal(ZONES.length)
    expect(slices.length).to.equal(5)
  })
})

describe('a slice of an order', () => {
  const [one, two] = ZONES.map(({ name }) => ({ zone: name, node: 'n1' })) as [Target, Target]

  it('fails where its work broke off, with the reason', async () => {
    const noted: (readonly TargetProgress[])[] = []
    const targets = await endOf(
      [one, two],
      async (report) => {
        await report(progressOf([ended(one), ended(two, 'notified')]))
        throw new Error('the worker has no more memory')
      },
      (now) => noted.push(now),
    )
    expect(targets.map(({ step, error }) => [step, error])).to.deep.equal([
      ['confirmed', undefined],
      ['failed', 'the worker has no more memory'],
    ])
    expect(noted).to.have.length(1)
  })

  it('keeps the failures that the work reported', async () => {
    const last = progressOf([ended(one, 'failed', 'no answer'), ended(two)])
    const targets = await endOf(
      [one, two],
      async (report) => {
        await report(last)
        throw new Error('1 of 2 failed')
      },
      () => undefined,
    )
    expect(targets).to.deep.equal(last.targets)
  })
})
