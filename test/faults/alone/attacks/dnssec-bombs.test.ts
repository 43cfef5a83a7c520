/**
 *   primary with a good zone and many bombs ──▶ zonecast ──▶ node
 *
 * Zones whose DNSSEC records are as expensive as possible: each is held with the reason and transferred once, while the good zone
 * is answered and its changes are released. A check ends the process at most twice.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { nameToWire, zoneNameOfWire } from '../../../../lib/dns/name.js'
import { TYPE } from '../../../../lib/dns/rrtype.js'
import { CHECK_MARK } from '../../../../lib/store/check-mark.js'
import { folderName } from '../../../../lib/store/zone-folder.js'
import type { ZoneContents } from '../../../../lib/zone/zone-contents.js'
import { findPort } from '../../../../lab/ports.js'
import { bombBase, dnskeyLine, hostLines, keysOfOneTag, nsec3paramLines, rrsigLines, textLines } from '../../../support/bombs.js'
import { eventually } from '../../../support/eventually.js'
import { askUdp } from '../../../support/raw-udp.js'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { type Script, type ScriptedServer, startScripted, zonePrimary } from '../../../support/scripted-server.js'
import { contentsOfLines } from '../../../support/signer.js'
import { probeSoa } from '../../../support/soa-prober.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../../support/test-hub.js'

const GOOD = 'good.test.'
/** One bomb alone used to stop the hub for 49 seconds; a loaded machine needs a part of one. */
const LONGEST_PAUSE_MS = 2_000

interface Bomb {
  lines: (apex: string, serial: number) => string[]
  reason: RegExp
}

const now = Date.now()
const keys =
  (count: number, options = {}) =>
  (apex: string) =>
    keysOfOneTag(count, options).map((key) => dnskeyLine(apex, key))
const sigs = (count: number, apex: string, type: string, octets = 128, owner = `ns1.${apex}`) =>
  rrsigLines(count, { owner, type, apex, octets, now })
const LONG = { bits: 3072, exponent: 384 }

const BOMBS: Record<string, Bomb> = {
  'iterations.test.': {
    lines: (apex, serial) => [
      ...bombBase(apex, serial),
      ...keys(1)(apex),
      ...nsec3paramLines(apex, 1, 65_535),
      ...hostLines(apex, 500),
    ],
    reason: /more than 100 iterations/,
  },
  'chains.test.': {
    lines: (apex, serial) => [
      ...bombBase(apex, serial),
      ...keys(1)(apex),
      ...nsec3paramLines(apex, 20, 65_535),
      ...hostLines(apex, 10),
    ],
    reason: /more than 2 NSEC3 chains/,
  },
  'copies.test.': {
    lines: (apex, serial) => [
      ...bombBase(apex, serial),
      ...keys(2)(apex),
      ...textLines(`ns1.${apex}`, 1500),
      ...sigs(1500, apex, 'TXT'),
    ],
    reason: /more than 8 RRSIGs of one algorithm/,
  },
  'keytrap.test.': {
    lines: (apex, serial) => [...bombBase(apex, serial), ...keys(20, LONG)(apex), ...sigs(5000, apex, 'A', 384)],
    reason: /RSA exponent of more than 64 bits/,
  },
  'sixty.test.': {
    lines: (apex, serial) => [...bombBase(apex, serial), ...keys(60)(apex), ...sigs(60, apex, 'A')],
    reason: /more than 32 DNSKEY records/,
  },
  'crowded.test.': {
    lines: (apex, serial) => [
      ...bombBase(apex, serial),
      ...keys(4)(apex),
      ...Array.from({ length: 20_000 }, (_, i) => `ns1.${apex} 300 TYPE${2000 + i} \\# 1 00`),
    ],
    reason: /not signed/,
  },
  // Within all limits for one record; the budget of the version ends it.
  'budget.test.': {
    lines: (apex, serial) => [
      ...bombBase(apex, serial),
      ...keys(4, { bits: 4096, exponent: 8 })(apex),
      ...Array.from({ length: 400 }, (_, i) => `h${i}.${apex}`).flatMap((owner) => [
        `${owner} 300 A 192.0.2.1`,
        ...sigs(8, apex, 'A', 512, owner),
      ]),
    ],
    reason: /checks\.dnssec\.budget\.cpu/,
  },
}

/** Kills its hub during the check: the computation needs several seconds. */
const SLOW = 'slow.test.'
const slowLines = (serial: number): string[] => [
  ...bombBase(SLOW, serial),
  ...keys(4, { bits: 4096, exponent: 8 })(SLOW),
  ...Array.from({ length: 1_000 }, (_, i) => `h${i}.${SLOW}`).flatMap((owner) => [
    `${owner} 300 A 192.0.2.1`,
    ...sigs(8, SLOW, 'A', 512, owner),
  ]),
]

const goodZone = (serial: number): ZoneContents => contentsOfLines(GOOD, [...bombBase(GOOD, serial), ...hostLines(GOOD, 100)])

function query(zone: string): Buffer {
  const head = Buffer.from([...randomBytes(2), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([head, nameToWire(zone), Buffer.from([0, TYPE.SOA, 0, 1])])
}

interface RolloutView {
  serial: number
  state: string
  reason?: string
}

describe('DNSSEC bombs', () => {
  const scratch = scratchDirs()
  let primary: ScriptedServer
  let node: ScriptedServer
  const zones = new Map<string, ZoneContents>()
  /** AXFRs, by zone. */
  const transfers = new Map<string, number>()
  let hub: HubProcess | undefined

  before(async () => {
    const script: Script = async (asked) => {
      const { question } = asked.message
      const name = question === undefined ? undefined : zoneNameOfWire(question.name)
      const contents = name === undefined ? undefined : zones.get(name)
      if (contents === undefined) return 'silence'
      if (question!.type === TYPE.AXFR || (question!.type === TYPE.IXFR && asked.proto === 'tcp'))
        transfers.set(name!, (transfers.get(name!) ?? 0) + 1)
      return await zonePrimary(() => contents)(asked)
    }
    primary = await startScripted(script)
    node = await startScripted(async (asked) => await zonePrimary(() => zones.get(GOOD)!)(asked))
  })
  afterEach(async () => {
    await hub?.stop()
    hub = undefined
    zones.clear()
    transfers.clear()
  })
  after(async () => {
    await primary?.stop()
    await node?.stop()
  })

  const placeOf = async (names: readonly string[], extra = {}): Promise<{ place: HubPlace; folder: string }> => {
    const folder = scratch()
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: primary },
        nodes: { n1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: names.map((name) => ({ name })),
        extra,
      },
      { transfer: await findPort() },
    )
    return { place, folder }
  }

  const held = async (zone: string, timeoutMs = 60_000): Promise<RolloutView> =>
    await eventually(
      async () => {
        const { rollouts } = await api<{ rollouts: RolloutView[] }>(hub!, `/v1/rollouts?zone=${zone}`)
        const version = rollouts[0]
        if (version?.state !== 'held') throw new Error(`${zone}: ${JSON.stringify(rollouts).slice(0, 300)}`)
        return version
      },
      { timeoutMs },
    )

  it('are held and transferred once, without effect on the good zone', async function () {
    this.timeout(180_000)
    zones.set(GOOD, goodZone(1))
    const { place } = await placeOf([GOOD, ...Object.keys(BOMBS)], { checks: { dnssec: { budget: { cpu: '1s' } } } })
    hub = await spawnHub(place)
    await eventually(async () => {
      if ((await askUdp(hub!.transfer, query(GOOD)))?.[3] !== 0x00) throw new Error('the good zone is not there yet')
    })
    const prober = probeSoa(hub.transfer, query(GOOD))
    for (const [name, { lines }] of Object.entries(BOMBS)) zones.set(name, contentsOfLines(name, lines(name, 1)))
    zones.set(GOOD, goodZone(2))
    for (const [name, { reason }] of Object.entries(BOMBS)) expect((await held(name)).reason, name).to.match(reason)
    await eventually(async () => {
      const { serial } = await api<{ serial: number }>(hub!, `/v1/zones/${GOOD}`)
      if (serial !== 2) throw new Error(`the good zone has serial ${serial}`)
    })
    // After some more polls of the primary, nothing was transferred again.
    await sleep(2_500)
    const { answers, lost, longestMs } = await prober.stop()
    for (const name of Object.keys(BOMBS)) expect(transfers.get(name), name).to.equal(1)
    expect(answers).to.be.greaterThan(100)
    expect(lost).to.equal(0)
    expect(longestMs).to.be.lessThan(LONGEST_PAUSE_MS)
    expect(hub.child.exitCode).to.equal(null)
  })

  it('that end the process are checked twice and then held, until a newer version arrives', async function () {
    this.timeout(180_000)
    zones.set(GOOD, goodZone(1))
    zones.set(SLOW, contentsOfLines(SLOW, slowLines(1)))
    const { place, folder } = await placeOf([GOOD, SLOW])
    const mark = join(folder, 'data', 'zones', folderName(zoneNameOfWire(nameToWire(SLOW))), CHECK_MARK)
    for (let deaths = 0; deaths < 2; deaths++) {
      hub = await spawnHub(place)
      await eventually(
        () => {
          const { interrupted } = JSON.parse(readFileSync(mark, 'utf8')) as { interrupted: number }
          if (interrupted !== deaths) throw new Error(`${interrupted} interruptions`)
        },
        { everyMs: 5 },
      )
      await hub.kill()
      expect(transfers.get(SLOW)).to.equal(deaths + 1)
    }
    hub = await spawnHub(place)
    expect((await held(SLOW)).reason).to.match(/was not checked: the process ended 2 times/)
    await sleep(1_500)
    expect(transfers.get(SLOW)).to.equal(3)
    expect((await askUdp(hub.transfer, query(GOOD)))?.[3]).to.equal(0)
    // A newer version is checked again.
    zones.set(SLOW, contentsOfLines(SLOW, [...bombBase(SLOW, 2), ...hostLines(SLOW, 3)]))
    await eventually(async () => {
      const { serial } = await api<{ serial: number | null }>(hub!, `/v1/zones/${SLOW}`)
      if (serial !== 2) throw new Error(`serial ${serial}`)
    })
  })
})
