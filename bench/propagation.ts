/**
 * Measures a change: primary's commit → every one of N real nodes shows the serial. The same Knot primary, the same make of
 * nodes; between them nothing, or zonecast, NSD or BIND as distributor. Once notified at once (by the bench, in place of a
 * primary that does not delay its NOTIFY), once waiting for the Knot primary's own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBind } from '../lab/bind.js'
import { startKnot } from '../lab/knot.js'
import { startNsd } from '../lab/nsd.js'
import { checkProgram } from '../lab/available.js'
import { findPort } from '../lab/ports.js'
import type { LabServer } from '../lab/server.js'
import { zoneText } from '../lab/zone-text.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { isAtLeast } from '../lib/render/server-version.js'
import { KNOBS } from './knobs.js'
import { storedRecord } from './large-zone.js'
import { type Place, Probe } from './probe.js'
import { descendants, processorMs, raiseAsTheHub } from './processes.js'
import { type Measured, measured } from './statistics.js'
import { type BenchTls, makeTls, nodeTls, serverTls } from './tls.js'

const ZONE = 'prop.example.'
/** Number of changes that wait for the primary's own, delayed NOTIFY: each takes seconds. */
const WAITING_CHANGES = 7

type Way = (typeof KNOBS.distributors)[number]

interface Setup {
  /** Servers that get a NOTIFY of a change at once. */
  told: Place[]
  nodes: Place[]
  primary: LabServer
  /** Process ids of the distributor. */
  distributor: () => number[]
  /** Changes so far, and the record of the last one. */
  changes: number
  last?: Buffer
  /** Milliseconds that the hub itself needed, if it reports them. */
  ownShare?: () => Promise<number[]>
  stop: () => Promise<void>
}

export function measurePropagation(): Promise<Measured[]> {
  return measureWays(undefined)
}

/** Transfers to the nodes go over TLS; NOTIFY goes over UDP, as NSD has nothing else. Knot has TLS from 3.5 on. */
export async function measurePropagationOverTls(): Promise<Measured[]> {
  return await measureWays(await makeTls())
}

async function measureWays(tls: BenchTls | undefined): Promise<Measured[]> {
  const over = tls === undefined ? '' : ' over TLS'
  const ways = KNOBS.distributors.filter(
    (way) => tls === undefined || way !== 'direct' || isAtLeast(checkProgram('knot').version ?? '0', '3.5'),
  )
  const out: Measured[] = []
  const waiting: Measured[] = []
  for (const way of ways) {
    const setup = await build(way, tls)
    const probe = new Probe()
    try {
      const row = `primary's commit → ${KNOBS.nodes} nodes of ${KNOBS.nodeKind}${over}`
      const [first] = await change(setup, probe, 1, true)
      await change(setup, probe, 2, true)
      const before = processorMs(setup.distributor())
      const at = await change(setup, probe, KNOBS.changes, true)
      const used = processorMs(setup.distributor()) - before
      out.push(measured(`${row}, notified at once`, way, 'ms', at))
      out.push(measured(`${row}, the first change after a start`, way, 'ms', [first!]))
      if (way !== 'direct')
        out.push(measured(`${row}: CPU for each node and change`, way, 'µs', [(used * 1000) / KNOBS.changes / KNOBS.nodes]))
      if (tls !== undefined) continue
      const later = await change(setup, probe, WAITING_CHANGES, false)
      waiting.push(measured(`${row}, waiting for the primary's own NOTIFY`, way, 'ms', later))
      if (setup.ownShare)
        out.push(
          measured(
            'a change through the hub: seen at the primary → last NOTIFY sent, commit included',
            way,
            'ms',
            await setup.ownShare(),
          ),
        )
    } finally {
      probe.close()
      await setup.stop()
    }
  }
  return [...out, ...waiting]
}

async function change(setup: Setup, probe: Probe, times: number, tell: boolean): Promise<number[]> {
  const { primary, told, nodes } = setup
  const values: number[] = []
  const text = (i: number): Buffer =>
    storedRecord(`change.${ZONE}`, TYPE.TXT, 60, Buffer.from([4, ...Buffer.from(String(i).padStart(4, '0'))]))
  for (let i = 0; i < times; i++) {
    const before = await probe.serial(primary, ZONE)
    const next = text(setup.changes++ % 10_000)
    await probe.update(primary, ZONE, next, setup.last)
    setup.last = next
    if (tell) for (const place of told) probe.notify(place, ZONE, before + 1)
    const took = await probe.untilAllShow(nodes, ZONE, (serial) => serial !== before, 60_000)
    values.push(took)
    // The next change must wait until the primary's own NOTIFY of this one is over.
    await sleep(tell ? 60 : 2_500)
  }
  return values
}

async function build(way: Way, certificates: BenchTls | undefined): Promise<Setup> {
  const servers: LabServer[] = []
  const distributorPort = await findPort()
  const nodePlaces: Place[] = []
  for (let i = 0; i < KNOBS.nodes; i++) nodePlaces.push({ ip: `127.0.1.${i + 1}`, port: await findPort(`127.0.1.${i + 1}`) })
  const primaryPort = await findPort()
  const distributor = { ip: '127.0.0.1', port: distributorPort }
  const isDirect = way === 'direct'
  const tls = certificates && (await serverTls(certificates))
  const primary = await startKnot({
    name: 'primary',
    port: primaryPort,
    zones: [{ name: ZONE, text: zoneText(ZONE, { records: 1000, refreshSeconds: 3600, retrySeconds: 1 }) }],
    notify: isDirect ? nodePlaces : [distributor],
    tuned: true,
    tls: isDirect ? tls : undefined,
  })
  servers.push(primary)
  const stops: (() => Promise<unknown>)[] = []
  let ownShare: Setup['ownShare']
  let distributorPid: number | undefined
  const plain = isDirect ? { ip: primary.ip, port: primary.port } : distributor
  const source = tls === undefined ? plain : { ip: plain.ip, port: tls.port, tls: { name: 'server.lab' } }
  const nodes = await Promise.all(
    nodePlaces.map(async ({ ip, port }, i) =>
      (KNOBS.nodeKind === 'NSD' ? startNsd : startKnot)({
        name: `node${i}`,
        ip,
        port,
        zones: [{ name: ZONE, from: [source] }],
        tls: certificates && (await nodeTls(certificates, ip)),
      }),
    ),
  )
  servers.push(...nodes)
  const from = [{ ip: primary.ip, port: primary.port }]
  if (way === 'NSD' || way === 'BIND') {
    const start = way === 'NSD' ? startNsd : startBind
    const notify = nodePlaces
    const server = await start({
      name: 'distributor',
      port: distributorPort,
      zones: [{ name: ZONE, from }],
      notify,
      tuned: true,
      tls,
    })
    raiseAsTheHub(server.pid)
    distributorPid = server.pid
    servers.push(server)
  } else if (way === 'zonecast') {
    const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
    const place = await writeHubConfig(
      {
        folder,
        rehearses: true,
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: Object.fromEntries(nodePlaces.map((node, i) => [`n${i}`, { cloud: i % 2 ? 'A' : 'B', ...node }])),
        zones: [{ name: ZONE }],
        transfer: tls === undefined ? {} : { tls: { listen: [`127.0.0.1:${tls.port}`], cert: tls.cert, key: tls.key } },
        extra: { defaults: { refresh: { min: '100ms', max: '1h' } }, log: { level: 'info' } },
      },
      { transfer: distributorPort },
    )
    const hub = await spawnHub(place, [], 'built')
    distributorPid = hub.child.pid
    stops.push(async () => {
      await hub.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const answer = async <T>(path: string): Promise<T> => (await (await fetch(place.api + path)).json()) as T
    const shares: number[] = []
    ownShare = async () => {
      // The chain of the newest release of each node: last NOTIFY sent minus announcement.
      const probe = new Probe()
      for (let i = 0; i < 21; i++) {
        const before = await probe.serial(primary, ZONE)
        await probe.update(primary, ZONE, storedRecord(`own${i}.${ZONE}`, TYPE.TXT, 60, Buffer.from([1, 65])))
        probe.notify(distributor, ZONE, before + 1)
        await probe.untilAllShow(nodePlaces, ZONE, (serial) => serial !== before, 30_000)
        await sleep(150)
        if (process.env.BENCH_TRACE && i % 10 === 0)
          console.log(
            i,
            readFileSync(`/proc/${hub.child.pid}/stat`, 'utf8').split(' ').slice(13, 15).join('+'),
            'ticks',
            (
              (await (await fetch(`${place.api}/metrics`)).text()).match(/^zonecast_(soa_queries|notify|transfers).*$/gm) ?? []
            ).join(' '),
          )
        const times = await Promise.all(
          nodePlaces.map((_, n) => answer<{ chain: { step: string; at: string }[] }>(`/v1/zones/${ZONE}/nodes/n${n}`)),
        )
        const at = (chain: { step: string; at: string }[], step: string): number =>
          Date.parse(chain.find((s) => s.step === step)?.at ?? '')
        if (process.env.BENCH_TRACE && i === 15)
          console.log(
            JSON.stringify(
              times.map(({ chain }) => chain.map((c) => `${c.step} ${Date.parse(c.at) - Date.parse(chain[0]!.at)}`)),
            ).replaceAll('],[', ']\n['),
          )
        const sent = Math.max(...times.map(({ chain }) => at(chain, 'notified')))
        const seen = Math.min(...times.map(({ chain }) => at(chain, 'seen')))
        if (i > 0 && Number.isFinite(sent - seen)) shares.push(sent - seen)
      }
      probe.close()
      return shares
    }
  }
  const setup: Setup = {
    told: isDirect ? nodePlaces : [distributor],
    nodes: nodePlaces,
    primary,
    distributor: () => (distributorPid === undefined ? [] : descendants(distributorPid)),
    changes: 0,
    ...(ownShare ? { ownShare } : {}),
    stop: async () => {
      for (const stop of stops) await stop()
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
  const probe = new Probe()
  await probe.untilAllShow(nodePlaces, ZONE, () => true, 60_000)
  probe.close()
  // A hub rehearses for some seconds.
  await sleep(8_000)
  return setup
}
