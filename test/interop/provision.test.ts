/**
 *   Knot (primary) ──▶ zonecast start ──▶ NSD, Knot, BIND, PowerDNS from rendered configurations
 *                            ╰── control channels: zones are added and removed
 *
 * A zone that is new in the config reaches every node by `provision`, a zone that left it leaves it; neither without `--apply`.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../lab/ask-serial.js'
import { checkProgram } from '../../lab/available.js'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { makeNsdCertificates } from '../../lab/nsd-certificates.js'
import { findPort } from '../../lab/ports.js'
import { complaintsAbout, type RenderedKind, startRendered } from '../../lab/rendered.js'
import { runCommand } from '../../lab/run-command.js'
import { type LabKey, type LabServer, makeServerFolder } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import type { ProvisionProgress } from '../../lib/queue/jobs.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { startRefusingProxy } from '../support/refusing-proxy.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, credentials, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const KINDS: readonly RenderedKind[] = ['nsd', 'knot', 'bind', 'pdns']
const KIND_OF = { nsd: 'nsd', knot: 'knot', bind: 'bind', pdns: 'powerdns' } as const
/** One is in the configuration that is rendered; the others are added. */
const [FIRST, ...ADDED] = ['first.test.', 'a1.test.', 'a2.test.', 'a3.test.', '0/25.2.0.192.in-addr.arpa.'] as const
const MANY = Array.from({ length: 60 }, (_, i) => `m${i}.test.`)
const CONTROL_KEY = makeKey('rndc.key')

interface Job {
  state: string
  error: string | null
  progress: ProvisionProgress
}

describe('zones of nodes, over their control channels', function () {
  this.timeout(400_000)
  needsPeers('knot', 'nsd', 'bind', 'pdns')
  const scratch = scratchDirs()
  const nodes = new Map<RenderedKind, { server: LabServer; key: LabKey }>()
  let primary: LabServer
  let hub: HubProcess

  const post = async (kind: string, body: object): Promise<string> =>
    (await api<{ job: string }>(hub, `/v1/nodes/${kind}/provision`, { method: 'POST', body: JSON.stringify(body) })).job
  const hasEnded = async (id: string): Promise<Job> => {
    const job = await api<Job>(hub, `/v1/jobs/${id}`)
    if (job.state !== 'done' && job.state !== 'failed') throw new Error(`${id} is ${job.state} ${JSON.stringify(job.progress)}`)
    return job
  }
  const ended = (id: string): Promise<Job> => eventually(() => hasEnded(id), { timeoutMs: 90_000, everyMs: 100 })
  const provision = async (kind: string, body: object = {}): Promise<Job> => await ended(await post(kind, body))
  const changesOf = ({ progress }: Job): string[] => progress.changes.map(({ action, zone, step }) => `${action} ${zone} ${step}`)
  const serves = async ({ server }: { server: LabServer }, zone: string): Promise<boolean> =>
    (await askSerial(server, zone))?.serial !== undefined
  const readConfig = () => JSON.parse(readFileSync(hub.configFile, 'utf8'))
  /** The zones of the config from now on. */
  const configure = async (names: readonly string[]): Promise<void> => {
    writeFileSync(hub.configFile, JSON.stringify({ ...readConfig(), zones: names.map((name) => ({ name })) }))
    await api(hub, '/v1/reload', { method: 'POST', body: '{}' })
    for (const name of names)
      await eventually(
        async () => {
          const { serial } = await api<{ serial: number | null }>(hub, `/v1/zones/${encodeURIComponent(name)}`)
          expect(serial, name).to.not.equal(null)
        },
        { timeoutMs: 30_000, everyMs: 50 },
      )
  }

  /** From the next `configure` on. */
  const setPdnsApi = (url: string): void => {
    const config = readConfig()
    config.nodes.pdns.control.powerdns = url
    writeFileSync(hub.configFile, JSON.stringify(config))
  }

  before(async () => {
    const transfer = await findPort()
    primary = await startKnot({
      name: 'hm1',
      zones: [FIRST, ...ADDED, ...MANY].map((name) => ({ name, text: zoneText(name, { records: 12, retrySeconds: 1 }) })),
      notify: [{ ip: '127.0.0.1', port: transfer }],
    })
    const certificates = await makeNsdCertificates()
    const folder = scratch()
    const apiKey = randomBytes(24).toString('base64url')
    const apiKeyFile = join(folder, 'api.key')
    writeFileSync(apiKeyFile, apiKey, { mode: 0o600 })
    const places = new Map<RenderedKind, { ip: string; port: number; key: LabKey; folder: string; control: object }>()
    for (const [i, kind] of KINDS.entries()) {
      const ip = kind === 'bind' ? '127.0.0.1' : `127.0.0.${102 + i}`
      const at = `127.0.0.1:${await findPort()}`
      const own = makeServerFolder(kind)
      const control = {
        nsd: { nsd: at, ca: certificates.server, cert: certificates.control, certKey: certificates.controlKey },
        knot: { knot: join(own, 'knot.sock') },
        bind: { rndc: at, key: CONTROL_KEY.name },
        pdns: { powerdns: `http://${at}`, apiKeyFile },
      }[kind]
      places.set(kind, { ip, port: await findPort(ip), key: makeKey(`${kind}.key`), folder: own, control })
    }
    const keys = [CONTROL_KEY, ...[...places.values()].map(({ key }) => key)]
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: primary },
        nodes: {},
        zones: [{ name: FIRST }],
        extra: {
          keys: Object.fromEntries(keys.map(({ name, algorithm, secret }) => [name, { algorithm, secret }])),
          clouds: { A: {} },
          nodes: Object.fromEntries(
            [...places].map(([kind, { ip, port, key, control }]) => [
              kind,
              { cloud: 'A', address: `${ip}:${port}`, kind: KIND_OF[kind], key: key.name, control },
            ]),
          ),
        },
      },
      { transfer },
    )
    hub = await spawnHub(place, [], undefined, 90_000)
    for (const [kind, { ip, port, key, folder: own }] of places) {
      const render = async (query: Record<string, string>): Promise<string> => {
        const url = `${hub.api}/v1/nodes/${kind}/configuration?${new URLSearchParams({ folder: own, version: checkProgram(kind).version!, ...query })}`
        return await (await fetch(url, { headers: credentials(hub) })).text()
      }
      if (kind === 'nsd')
        for (const [name, file] of Object.entries({
          'nsd_server.pem': certificates.server,
          'nsd_server.key': certificates.serverKey,
          'nsd_control.pem': certificates.control,
          'nsd_control.key': certificates.controlKey,
        }))
          copyFileSync(file, join(own, name))
      const text = await render({})
      const commands = kind === 'pdns' ? await render({ part: 'zones' }) : undefined
      const controlSecret = { nsd: undefined, knot: undefined, bind: CONTROL_KEY.secret, pdns: apiKey }[kind]
      if (controlSecret !== undefined) expect(text).to.not.include(controlSecret)
      const server = await startRendered({
        ...{ kind, name: kind, ip, port, folder: own, text, commands, key, controlSecret, probe: FIRST },
        hasDatabase: kind === 'knot',
      })
      nodes.set(kind, { server, key })
    }
    for (const { server } of nodes.values()) await awaitSerial(server, FIRST, () => true, { timeoutMs: 70_000 })
  })

  after(async () => {
    await hub?.stop()
    await Promise.all([primary, ...[...nodes.values()].map(({ server }) => server)].map((server) => server?.stop()))
  })

  it('are those of the rendered configuration at first, which the checker of each server accepts', async () => {
    for (const [kind, { server }] of nodes) {
      expect(complaintsAbout(kind, server.folder), kind).to.equal(undefined)
      const { state, progress } = await provision(kind)
      expect({ state, changes: progress.changes }, kind).to.deep.equal({ state: 'done', changes: [] })
    }
  })

  it('are planned, and not added, without apply', async () => {
    await configure([FIRST, ...ADDED])
    for (const [kind, node] of nodes) {
      const job = await provision(kind)
      expect(job.state, kind).to.equal('done')
      expect(changesOf(job), kind).to.have.members(ADDED.map((zone) => `add ${zone} planned`))
      for (const zone of ADDED) expect(await serves(node, zone), `${zone} on ${kind}`).to.equal(false)
    }
  })

  it('are added with apply, and equal those of the primary', async () => {
    for (const [kind, { server, key }] of nodes) {
      const job = await provision(kind, { apply: true, reason: 'new zones' })
      expect(job.error, `${kind}: ${job.error}`).to.equal(null)
      expect(changesOf(job), kind).to.have.members(ADDED.map((zone) => `add ${zone} confirmed`))
      for (const zone of [FIRST, ...ADDED])
        expect(await compareZones(primary, { ip: server.ip, port: server.port, key }, zone), `${zone} on ${kind}`).to.equal(
          undefined,
        )
      expect(changesOf(await provision(kind, { apply: true })), kind).to.deep.equal([])
    }
  })

  it('stay after a restart of the node', async () => {
    for (const { server } of nodes.values()) {
      await server.restart()
      for (const zone of ADDED) await awaitSerial(server, zone, () => true, { timeoutMs: 60_000 })
    }
  })

  it('are removed with apply only', async () => {
    const [gone, ...rest] = ADDED
    await configure([FIRST, ...rest])
    for (const [kind, node] of nodes) {
      expect(changesOf(await provision(kind)), kind).to.deep.equal([`remove ${gone} planned`])
      expect(await serves(node, gone), kind).to.equal(true)
      const job = await provision(kind, { apply: true })
      expect(job.error, `${kind}: ${job.error}`).to.equal(null)
      expect(changesOf(job), kind).to.deep.equal([`remove ${gone} confirmed`])
      expect(await serves(node, gone), kind).to.equal(false)
      for (const zone of rest) expect(await serves(node, zone), `${zone} on ${kind}`).to.equal(true)
    }
  })

  it('are not removed in numbers without yes', async () => {
    const rest = ADDED.slice(1)
    await configure([FIRST])
    for (const [kind, node] of nodes) {
      const refused = await provision(kind, { apply: true })
      expect(refused.state, kind).to.equal('failed')
      expect(refused.error, kind).to.equal(
        `3 of 4 zones of ${kind} would be removed; checks.shrink allows fewer than 50 %; nothing was changed: repeat the command with --yes if that is intended`,
      )
      for (const zone of rest) expect(await serves(node, zone), `${zone} on ${kind}`).to.equal(true)
      const job = await provision(kind, { apply: true, yes: true })
      expect(job.error, `${kind}: ${job.error}`).to.equal(null)
      for (const zone of rest) expect(await serves(node, zone), `${zone} on ${kind}`).to.equal(false)
      expect(await serves(node, FIRST), kind).to.equal(true)
    }
  })

  it('are completed after the hub was killed in between', async () => {
    await configure([FIRST, ...MANY])
    const ids = await Promise.all(KINDS.map((kind) => post(kind, { apply: true })))
    await eventually(
      async () => {
        for (const [kind, node] of [...nodes].slice(0, 2)) expect(await serves(node, MANY[3]!), kind).to.equal(true)
      },
      { timeoutMs: 60_000, everyMs: 10 },
    )
    await hub.kill()
    const served = await Promise.all([...nodes.values()].map(async (node) => await serves(node, MANY.at(-1)!)))
    hub = await spawnHub(hub, [], undefined, 90_000)
    for (const [kind, node] of nodes) {
      const job = await provision(kind, { apply: true })
      expect(job.error, `${kind}: ${job.error}`).to.equal(null)
      // A zone that the killed hub added may still be on its way.
      for (const zone of MANY)
        await eventually(async () => expect(await serves(node, zone), `${zone} on ${kind}`).to.equal(true), { timeoutMs: 60_000 })
    }
    expect(served, 'every node had every zone before the kill').to.include(false)
    // The orders from before go on half a minute later, and find nothing to do.
    for (const id of ids) expect((await ended(id)).error, id).to.equal(null)
  })

  it('are not touched where the server does not answer', async () => {
    const { server } = nodes.get('bind')!
    await server.kill()
    const { state, error } = await provision('bind', { apply: true })
    expect(state).to.equal('failed')
    expect(error).to.match(/^bind: rndc at 127\.0\.0\.1:\d+: .*controls statement/)
    await server.restart()
  })

  it('are shown and changed by the command', async () => {
    const run = async (...args: string[]): Promise<string> =>
      await runCommand(process.execPath, ['--import', 'tsx', 'services/main.ts', ...args, '-c', hub.configFile])
    expect(await run('provision', 'knot')).to.equal('knot has the zones that it should have\n')
    await configure([FIRST, ...MANY, ADDED[0]])
    expect(await run('provision', 'knot')).to.equal(
      'CHANGE  ZONE\nadd     a1.test.\n1 to add, 0 to remove on knot; --apply does it\n',
    )
    expect(await run('provision', 'knot', '--apply', '--reason', 'new')).to.equal(
      'add a1.test.: confirmed\n1 of 1 changes confirmed on knot\n',
    )
  })

  it('are those that the server accepted where it refuses half of the commands, and all after the next order', async () => {
    const few = [...ADDED, ...MANY.slice(0, 4)]
    await configure([FIRST])
    for (const kind of ['pdns', 'knot']) await provision(kind, { apply: true, yes: true })
    const direct = readConfig().nodes.pdns.control.powerdns
    const proxy = await startRefusingProxy(direct)
    setPdnsApi(proxy.url)
    await configure([FIRST, ...few])
    const [half, whole] = await Promise.all([provision('pdns', { apply: true }), provision('knot', { apply: true })])
    setPdnsApi(direct)
    await configure([FIRST, ...few])
    await proxy.stop()
    expect(whole.error).to.equal(null)
    const { confirmed, failed, changes } = half.progress
    expect([half.state, confirmed, failed]).to.deep.equal(['failed', 4, 4])
    for (const { zone, step, error } of changes) {
      expect(await serves(nodes.get('pdns')!, zone), zone).to.equal(step === 'confirmed')
      expect(error ?? 'read-only').to.include('read-only')
    }
    const { error, progress } = await provision('pdns', { apply: true })
    expect([error, progress.confirmed]).to.deep.equal([null, 4])
    for (const zone of few) expect(await serves(nodes.get('pdns')!, zone), zone).to.equal(true)
  })
})
