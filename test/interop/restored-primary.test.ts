/**
 *   Knot (primary), and a healthy one ──▶ zonecast ──▶ NSD, Knot, BIND, PowerDNS (nodes)
 *
 * The primary is restored from a backup and reuses its serials. No node is in sync while its content differs from the released
 * one, and in the end every node has the primary's content, whatever an operator does meanwhile.
 */
import { cpSync, lstatSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { startBind } from '../../lab/bind.js'
import { compareZones, readZone } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'restored.example.'
const MAKES = { nsd: startNsd, knot: startKnot, bind: startBind, pdns: startPdns } as const
type Make = keyof typeof MAKES

interface ZoneView {
  state: string
  error: string | null
  serial: number
  nodes: Record<Make, { state: string; serial: number | null; error: string | null }>
  primaries: Record<string, { state: string }>
}

const PLAIN = { choose: false, stages: false, signed: false, two: false }
const FORMS = [
  { ...PLAIN, form: 'without a reaction' },
  { ...PLAIN, form: 'with stages', stages: true },
  { ...PLAIN, form: 'and an operator chooses its content', choose: true },
  { ...PLAIN, form: 'and signs', signed: true },
  { ...PLAIN, form: 'beside another', two: true },
  {
    form: 'and signs, beside another, with stages, and an operator chooses its content',
    choose: true,
    stages: true,
    signed: true,
    two: true,
  },
] as const

for (const { form, choose, stages, signed, two } of FORMS)
  describe(`a primary that was restored ${form}`, function () {
    this.timeout(90_000)
    needsPeers('knot', 'nsd', 'bind', 'pdns')
    const scratch = scratchDirs()
    const primaryKey = makeKey('primary-key')
    const nodeKey = makeKey('node-key')
    let primary: LabServer
    let other: LabServer | undefined
    let lost: number
    const nodes = new Map<Make, LabServer>()
    let hub: TestHub

    const view = () => api<ZoneView>(hub, `/v1/zones/${ZONE}`)
    const at = (server: LabServer, key = nodeKey) => ({ ip: server.ip, port: server.port, key })
    const backup = scratch()
    /** On disk and complete. */
    const saveBackup = async (): Promise<void> => {
      await primary.kill()
      cpSync(primary.folder, backup, { recursive: true, filter: (path) => !lstatSync(path).isSocket() })
      await primary.restart()
    }
    const restoreBackup = async (): Promise<void> => {
      await primary.kill()
      rmSync(primary.folder, { recursive: true })
      cpSync(backup, primary.folder, { recursive: true })
      await primary.restart()
    }
    const publish = async (name: string): Promise<number> => {
      const before = await awaitSerial(primary, ZONE)
      await updateZone(at(primary, primaryKey), ZONE, [`add ${name}.${ZONE} 60 A 192.0.2.9`])
      return await awaitSerial(primary, ZONE, (serial) => serial !== before)
    }
    /** Every node has the same records as the primary, and the hub reports that. */
    const agreed = async (serial: number): Promise<void> => {
      await eventually(
        async () => {
          const zone = await view()
          expect([zone.state, zone.serial, zone.error], JSON.stringify(zone)).to.deep.equal(['in-sync', serial, null])
        },
        { timeoutMs: 45_000 },
      )
      for (const server of nodes.values())
        expect(await compareZones(at(primary, primaryKey), at(server), ZONE), server.name).to.equal(undefined)
    }

    before(async () => {
      const hubPort = await findPort()
      const place = { ip: '127.0.0.41', port: await findPort('127.0.0.41') }
      const text = zoneText(ZONE, { records: 20, retrySeconds: 1 })
      const keys = { transferKey: primaryKey, updateKey: primaryKey }
      const beside = { ip: '127.0.0.1', port: await findPort() }
      const notify = two ? [{ ...beside, key: primaryKey }] : []
      primary = await startKnot({ name: 'hm1', ...place, zones: [{ name: ZONE, text, signed }], ...keys, notify })
      const from = [at(primary, primaryKey)]
      if (two) other = await startKnot({ name: 'hm2', ...beside, zones: [{ name: ZONE, from }], ...keys })
      for (const [i, make] of (Object.keys(MAKES) as Make[]).entries()) {
        // BIND listens on addresses of interfaces only.
        const ip = make === 'bind' ? '127.0.0.1' : `127.0.0.${42 + i}`
        const from = [{ ip: '127.0.0.1', port: hubPort, key: nodeKey }]
        const options = { name: make, ip, port: await findPort(ip), zones: [{ name: ZONE, from }], transferKey: nodeKey }
        nodes.set(make, await MAKES[make](options))
      }
      const sketch = {
        folder: scratch(),
        primaries: { hm1: at(primary, primaryKey), ...(other ? { hm2: at(other, primaryKey) } : {}) },
        nodes: Object.fromEntries([...nodes].map(([id, node]) => [id, { cloud: 'A', ...at(node) }])),
        zones: [{ name: ZONE }],
        extra: stages ? { rollout: { stages: [{ nodes: ['nsd'], soak: '100ms' }, { cloud: 'A' }] } } : {},
      }
      hub = await startHub(await writeHubConfig(sketch, { transfer: hubPort }))
    })

    after(async () => {
      await hub?.stop()
      await Promise.all([primary, other, ...nodes.values()].map((server) => server?.stop()))
    })

    it('has delivered its earlier versions to every node', async () => {
      await agreed(await awaitSerial(primary, ZONE))
      await saveBackup()
      await publish('old2')
      lost = await publish('old3')
      if (other) await awaitSerial(other, ZONE, (serial) => serial === lost)
      await agreed(lost)
    })

    it('is reported as soon as it serves an older serial', async () => {
      // The healthy one is a secondary of the restored one, and does not go back with it.
      other?.pause()
      await restoreBackup()
      expect(await publish('new2')).to.equal(lost - 1)
      other?.resume()
      await eventually(async () => {
        const { state, error, primaries } = await view()
        expect([state, primaries.hm1!.state]).to.deep.equal([two ? 'in-sync' : 'conflict', 'went-back'])
        const conflict = new RegExp(
          `hm1 went back to serial ${lost - 1}, older than the current serial ${lost}: .*set its serial above ${lost}`,
        )
        if (!two) expect(error).to.match(conflict)
      })
    })

    it('is in conflict under the serial that the nodes have, and no node is in sync', async () => {
      expect(await publish('new3')).to.equal(lost)
      await eventually(
        async () => {
          const zone = await view()
          expect([zone.state, zone.primaries.hm1!.state], JSON.stringify(zone)).to.deep.equal(['conflict', 'conflict'])
          expect(Object.values(zone.nodes).map(({ state }) => state)).to.deep.equal([
            'conflict',
            'conflict',
            'conflict',
            'conflict',
          ])
        },
        { timeoutMs: 15_000 },
      )
      for (const server of nodes.values())
        expect((await readZone(at(server), ZONE)).join())
          .to.include('old3')
          .and.not.include('new3')
      // As a secondary it would transfer the next difference sequence, whose base it does not have.
      other?.pause()
    })

    if (choose)
      it('leaves the nodes in conflict when its content is chosen, because no node transfers the same serial again', async () => {
        await api(hub, `/v1/zones/${ZONE}/approve`, {
          method: 'POST',
          body: JSON.stringify({ primary: 'hm1', reason: 'hm1 is right' }),
        })
        await eventually(async () => {
          const zone = await view()
          expect(zone.primaries.hm1!.state).to.equal('same')
          // With stages the chosen content is on the first stage, and waits there.
          for (const [id, { state, error }] of Object.entries(zone.nodes).filter(([id]) => !stages || id === 'nsd')) {
            expect(state, `${id}: ${error}`).to.equal('conflict')
            expect(error).to.match(/serves other content than the released one under serial \d+: .*publish a new serial/)
          }
        })
      })

    it('delivers its content to every node with the next version', async () => {
      await agreed(await publish('new4'))
    })

    it('sends IXFR again', async () => {
      await agreed(await publish('new5'))
      const { versions } = await api<{ versions: { kind: string }[] }>(hub, `/v1/zones/${ZONE}`)
      expect(versions[0]!.kind).to.equal('ixfr')
    })
  })
