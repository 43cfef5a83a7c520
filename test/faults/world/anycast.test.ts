/**
 *   vantage points ── 3 exchanges, BGP ── 2 clouds × 3 sites × 2 servers        hub, Redis, and a health script at each site
 *
 * Whatever fails, no cloud is withdrawn, and never sites of both; each fault is seen and named within two rounds of probes. The world
 * is in test/world/anycast-cast.ts. Rounds are a second here, a minute by default.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { zoneText } from '../../../lab/zone-text.js'
import type { HealthAnswer } from '../../../lib/answers/health-answers.js'
import type { ProbeAnswer, WhoisAnswer } from '../../../lib/answers/probe-answers.js'
import type { VantageAnswer, VantagesAnswer } from '../../../lib/answers/vantage-answers.js'
import type { ZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { eventually } from '../../support/eventually.js'
import { amount } from '../../support/long.js'
import { needsNamespaces, needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync } from '../../support/test-hub.js'
import { CLOUDS, HOSTS, SITES, siteLink, VANTAGES, ZONE } from '../../world/anycast-cast.js'
import { inPlace } from '../../world/anycast-net.js'
import { AnycastWorld } from '../../world/anycast-world.js'

const [A, B] = [CLOUDS.a.address, CLOUDS.b.address]
/** Members that get other content. */
const SICK = ['a1-1', 'a1-2', 'b1-1', 'b1-2']
const MEMBERS = SITES.flatMap(({ members }) => members.map(({ id }) => id))
const text = (serial: number, mark = `v${serial}`): string =>
  zoneText(ZONE, { serial, records: 50, refreshSeconds: 2, retrySeconds: 1, extra: [`${mark} A 192.0.2.1`] })

/** Reads the state of every site all the time: withdrawals that must never be. */
class Watch {
  readonly faults: string[] = []
  readonly withdrawn = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(world: AnycastWorld) {
    this.#timer = setInterval(() => {
      const out = SITES.filter(({ id }) => world.stateOf(id) === 0)
      for (const { id } of out) this.withdrawn.add(id)
      const clouds = new Set(out.map(({ cloud }) => cloud))
      if (clouds.size > 1) this.faults.push(`sites of both clouds are withdrawn: ${out.map(({ id }) => id).join()}`)
      if (out.length > 1) this.faults.push(`more than one site is withdrawn: ${out.map(({ id }) => id).join()}`)
    }, 50)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

describe('two clouds of three sites behind BGP', function () {
  this.timeout(240_000)
  needsPeers('knot', 'nsd', 'bind', 'redis', 'bird', 'iproute')
  needsNamespaces(this)
  const scratch = scratchDirs()
  let world: AnycastWorld
  let watch: Watch
  let serial = 1

  const reaches = async (vantage: string, address: string, ...units: string[]): Promise<void> => {
    const row = await world.catchment(vantage, address)
    expect(row.reaches, `${vantage} ${address} ${JSON.stringify(row)}`).to.deep.equal(units)
  }
  const resultsOf = async (vantage: string): Promise<ProbeAnswer[]> =>
    (await api<VantageAnswer>(world.hub, `/v1/vantages/${vantage}`)).results
  const healthOf = async (node: string): Promise<HealthAnswer> => {
    const response = await fetch(`${world.hub.api}/v1/nodes/${node}/health`, {
      headers: { authorization: `Bearer ${world.hub.token}` },
    })
    return (await response.json()) as HealthAnswer
  }
  const verdictOf = async (node: string): Promise<string> => (await healthOf(node)).verdict
  /** Every vantage point reaches its own site of both clouds, and all is well. */
  const isWell = (): Promise<void> =>
    eventually(
      async () => {
        const { vantages } = await api<VantagesAnswer>(world.hub, '/v1/vantages')
        for (const { name, state, probes } of vantages)
          expect({ state, probes }, `${name} ${world.logOf(name)}`).to.deep.equal({ state: 'up', probes: { 'in-sync': 2 } })
        for (const [i, vantage] of VANTAGES.entries()) {
          await reaches(vantage, A, `a${i + 1}`)
          await reaches(vantage, B, `b${i + 1}`)
        }
      },
      { timeoutMs: 40_000, everyMs: 200 },
    )
  const publish = async (): Promise<void> => {
    serial += 1
    await world.publish(text(serial))
  }

  before(async () => {
    world = await AnycastWorld.start(scratch(), text(serial))
    watch = new Watch(world)
    await inSync(world.hub, ZONE, serial, 30_000)
    await isWell()
  })
  after(async () => {
    watch?.stop()
    await world?.stop()
  })
  afterEach(() => expect(watch.faults).to.deep.equal([]))

  it('is seen whole: each vantage point names the site and the server that it reaches', async () => {
    const { instances, isCurrent } = await world.catchment('v2', B)
    expect(isCurrent).to.equal(true)
    for (const { instance, node } of instances) expect(`${node}.example`).to.equal(instance)
    const whois = await api<WhoisAnswer>(world.hub, '/v1/whois/a3-2.example')
    expect(whois).to.deep.include({ node: 'a3-2', cluster: 'a3', cloud: 'A', problems: [] })
  })

  it('loses a site: its users reach another, and the catchment names the change', async () => {
    await world.net.cut(siteLink('a1'), 'down')
    await world.withinRounds('v1', A, 2, async () => {
      const row = await world.catchment('v1', A)
      expect(row.reaches.join()).to.match(/^a[23]$/)
      expect(row.changes[0]!.to).to.deep.equal(row.reaches)
    })
    await reaches('v3', A, 'a3')
    await eventually(async () => {
      const { nodes } = await api<ZoneAnswer>(world.hub, `/v1/zones/${ZONE}`)
      for (const id of ['a1-1', 'a1-2']) expect(nodes[id]!.state).to.equal('unknown')
    })
    expect(await verdictOf('a1')).to.equal('serve')
    await world.net.heal(siteLink('a1'))
    await isWell()
  })

  it('moves the catchment in the middle of probes and transfers', async () => {
    await publish()
    await world.net.cut(siteLink('b2'), 'down')
    await publish()
    await world.withinRounds('v2', B, 2, async () => {
      expect((await world.catchment('v2', B)).reaches.join()).to.match(/^b[13]$/)
    })
    await eventually(
      async () => {
        const { nodes } = await api<ZoneAnswer>(world.hub, `/v1/zones/${ZONE}`)
        for (const id of MEMBERS.filter((each) => !each.startsWith('b2'))) expect(nodes[id]!.serial, id).to.equal(serial)
      },
      { timeoutMs: 20_000 },
    )
    await world.net.heal(siteLink('b2'))
    await inSync(world.hub, ZONE, serial, 40_000)
    await isWell()
  })

  it('has a server that serves stale: its users and its name are known', async () => {
    // No transfer leaves the server, and its answers over UDP do.
    const rule = `to ${HOSTS.hub.ip} ipproto tcp blackhole`
    for (const id of ['a2-1', 'a2-2']) await inPlace(world.net, id, `ip rule add ${rule}`)
    await publish()
    // The next release makes the last one late.
    await eventually(async () => expect((await api<ZoneAnswer>(world.hub, `/v1/zones/${ZONE}`)).serial).to.equal(serial))
    await sleep(1_000)
    await world.withinRounds('v2', A, 2, async () => {
      const probe = (await resultsOf('v2')).find(({ address }) => address === A)!
      expect(probe, JSON.stringify(probe)).to.include({ state: 'lagging', serial: serial - 1 })
      expect(probe.node).to.match(/^a2-[12]$/)
    })
    expect((await resultsOf('v1')).map(({ state }) => state)).to.deep.equal(['in-sync', 'in-sync'])
    expect(await verdictOf('a2')).to.equal('serve')
    const whois = await api<WhoisAnswer>(world.hub, '/v1/whois/a2-1.example')
    expect(whois.zonesBehind).to.deep.equal([ZONE])
    expect(whois.seenFrom.join()).to.be.oneOf(['v2', ''])
    for (const id of ['a2-1', 'a2-2']) await inPlace(world.net, id, `ip rule del ${rule}`)
    await inSync(world.hub, ZONE, serial, 40_000)
    await isWell()
  })

  it('has an instance of a stranger: it is named where it is reached, and nowhere else', async () => {
    await world.router('x3').control('enable', 'stranger')
    await world.withinRounds('v3', A, 2, async () => {
      await reaches('v3', A, '"evil.example"')
      expect((await resultsOf('v3')).find(({ address }) => address === A)).to.include({
        state: 'stranger',
        instance: 'evil.example',
        node: null,
      })
    })
    await reaches('v1', A, 'a1')
    await reaches('v3', B, 'b3')
    const metrics = await (
      await fetch(`${world.hub.api}/metrics`, { headers: { authorization: `Bearer ${world.hub.token}` } })
    ).text()
    expect(metrics).to.include('zonecast_vantage_probes{vantage="v3",cloud="A",state="stranger"} 1')
    await world.router('x3').control('disable', 'stranger')
    await isWell()
  })

  it('withdraws nothing while a link flaps, and keeps a bounded number of changes', async () => {
    const flaps = amount('ZONECAST_TEST_FLAPS', { long: 30, short: 3 })
    for (let i = 0; i < flaps; i++) {
      await world.net.cut(siteLink('a3'), 'down')
      await sleep(700)
      await world.net.heal(siteLink('a3'))
      await sleep(1_300)
    }
    await isWell()
    const { changes } = await world.catchment('v3', A)
    expect(changes.length).to.be.within(1, 20)
    expect([...watch.withdrawn]).to.deep.equal([])
  })

  it('replays Facebook 2021: every node loses the hub, none withdraws itself, and the silence is reported', async () => {
    await world.net.cut('hub', 'silent')
    await eventually(
      async () => {
        const { vantages } = await api<VantagesAnswer>(world.hub, '/v1/vantages')
        expect(vantages.map(({ state, probes }) => [state, probes])).to.deep.equal(VANTAGES.map(() => ['lost', {}]))
        const { nodes } = await api<ZoneAnswer>(world.hub, `/v1/zones/${ZONE}`)
        expect(MEMBERS.filter((id) => nodes[id]!.state !== 'unknown')).to.deep.equal([])
      },
      { timeoutMs: 30_000, everyMs: 200 },
    )
    // Longer than the last verdicts count on the nodes.
    await sleep(amount('ZONECAST_TEST_AWAY_MS', { long: 60_000, short: 4_000 }))
    expect(SITES.filter(({ id }) => world.stateOf(id) !== 2)).to.deep.equal([])
    for (const { id, cloud } of SITES) {
      const routes = await inPlace(world.net, `x${id[1]}`, `ip route show ${CLOUDS[cloud].address}`)
      expect(routes, id).to.include('via')
    }
    await world.net.heal('hub')
    await inSync(world.hub, ZONE, serial, 40_000)
    await isWell()
  })

  it('withdraws the site with other content in one cloud, and none in the other: both clouds are sick at once', async () => {
    for (const id of SICK) await world.tamper(id, text(serial, 'other'))
    await eventually(
      async () => {
        const clouds = Object.values(CLOUDS).map(({ id }) => id)
        await api(world.hub, `/v1/zones/${ZONE}/verify`, { method: 'POST', body: JSON.stringify({ clouds, how: 'axfr' }) })
        const { nodes } = await api<ZoneAnswer>(world.hub, `/v1/zones/${ZONE}`)
        for (const id of SICK) expect(nodes[id]!.state, id).to.equal('conflict')
      },
      { timeoutMs: 30_000, everyMs: 1_000 },
    )
    await eventually(
      async () => {
        const why = await Promise.all(SICK.map(healthOf))
        expect(Math.min(world.stateOf('a1'), world.stateOf('b1')), JSON.stringify(why)).to.equal(0)
      },
      { timeoutMs: 30_000, everyMs: 200 },
    )
    const [sick, other] = world.stateOf('a1') === 0 ? (['a1', 'b1'] as const) : (['b1', 'a1'] as const)
    await eventually(
      async () => {
        const shown = await Promise.all([sick, other, ...SICK].map(healthOf))
        expect([shown[0]!.verdict, shown[1]!.verdict], JSON.stringify(shown)).to.deep.equal(['withdraw', 'degrade'])
      },
      { timeoutMs: 20_000, everyMs: 200 },
    )
    const address = sick === 'a1' ? A : B
    await world.withinRounds('v1', address, 2, async () => {
      expect((await world.catchment('v1', address)).reaches.join()).to.match(/^[ab][23]$/)
    })
    await eventually(() => expect([...watch.withdrawn]).to.deep.equal([sick]))
  })

  it('serves again when Redis is away, and none is withdrawn without it', async () => {
    const [sick] = [...watch.withdrawn]
    expect(sick).to.be.oneOf(['a1', 'b1'])
    await world.redis.stop()
    await eventually(() => expect(world.stateOf(sick!)).to.equal(1), { timeoutMs: 30_000 })
    // Several verdicts later, too.
    await sleep(amount('ZONECAST_TEST_AWAY_MS', { long: 60_000, short: 6_000 }))
    for (const { id } of SITES) expect(world.stateOf(id), id).to.be.greaterThan(0)
  })

  it('serves everywhere when the hub is away', async () => {
    await world.killHub()
    await eventually(() => expect(SITES.map(({ id }) => world.stateOf(id))).to.deep.equal(SITES.map(() => 2)), {
      timeoutMs: 30_000,
    })
  })

  it('has withdrawn one site in all, and that one alone', () => {
    expect(watch.withdrawn.size).to.equal(1)
  })
})
