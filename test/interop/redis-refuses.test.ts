/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD (node), and a Redis that answers and refuses commands
 *
 * Redis full, read-only or without rights, with one process and with separate roles: readiness names the reason, no process ends,
 * and nothing is lost when Redis accepts writes again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { runCommand } from '../../lab/run-command.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { changeZone } from '../support/change-zone.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'refused.example.'
const ROLES = ['watcher', 'worker', 'transfer', 'api'] as const

/** The command that makes Redis refuse, the command that ends it, and the reason in readiness. */
const REFUSALS = [
  { name: 'is full', begin: 'CONFIG SET maxmemory 1', end: 'CONFIG SET maxmemory 0', says: /OOM/ },
  { name: 'is read-only', begin: 'REPLICAOF 127.0.0.1 1', end: 'REPLICAOF NO ONE', says: /READONLY|MASTERDOWN/ },
  {
    name: 'has revoked the channel',
    begin: 'ACL SETUSER default resetchannels',
    end: 'ACL SETUSER default allchannels',
    says: /NOPERM/,
  },
  { name: 'has revoked writes', begin: 'ACL SETUSER default -@write', end: 'ACL SETUSER default +@write', says: /NOPERM/ },
]

for (const shape of ['one process', 'the roles apart'] as const)
  describe(`a Redis that refuses commands, with ${shape}`, function () {
    this.timeout(90_000)
    needsPeers('knot', 'nsd', 'redis')
    const scratch = scratchDirs()
    const [primaryKey, nodeKey] = [makeKey('primary-key'), makeKey('node-key')]
    let primary: LabServer
    let node: LabServer
    let redis: LabRedis
    let place: HubPlace
    const processes: HubProcess[] = []

    const ask = (command: string): Promise<string> => runCommand('redis-cli', ['-u', redis.url, ...command.split(' ')])
    const missing = async (): Promise<string[]> =>
      ((await (await fetch(`${place.api}/readyz`)).json()) as { missing: string[] }).missing
    const areAlive = (): void => {
      for (const { child } of processes) expect(child.exitCode, 'a process has ended').to.equal(null)
    }

    before(async () => {
      const transfer = await findPort()
      redis = await startRedis()
      primary = await startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: [{ name: ZONE, text: zoneText(ZONE, { records: 50, retrySeconds: 1 }) }],
        transferKey: primaryKey,
        updateKey: primaryKey,
      })
      node = await startNsd({
        name: 'ams1',
        ip: '127.0.0.16',
        port: await findPort('127.0.0.16'),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
      })
      place = await writeHubConfig(
        {
          folder: scratch(),
          primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
          nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
          zones: [{ name: ZONE }],
          extra: { redis: redis.url, log: { level: 'info' } },
        },
        { transfer },
      )
      if (shape === 'one process') processes.push(await spawnHub(place))
      else for (const role of ROLES) processes.push(await spawnHub(place, ['--roles', role]))
      await inSync(place, ZONE)
    })
    after(async () => {
      for (const each of processes) await each.stop()
      await Promise.all([primary, node, redis].map((server) => server?.stop()))
    })

    for (const { name, begin, end, says } of REFUSALS)
      it(`is named in readiness because it ${name}; no process ends, and no change is lost`, async () => {
        await ask(begin)
        let serial: number
        try {
          await eventually(
            async () =>
              expect((await missing()).join())
                .to.match(/^redis refuses what the hub needs/)
                .and.to.match(says),
            { timeoutMs: 15_000 },
          )
          serial = await changeZone(primary, ZONE, primaryKey)
          // One process needs no Redis to deliver a change to the nodes.
          if (shape === 'one process') await inSync(place, ZONE, serial)
          else await sleep(1_000)
          areAlive()
        } finally {
          await ask(end)
        }
        await eventually(async () => expect(await missing()).to.deep.equal([]), { timeoutMs: 20_000 })
        await inSync(place, ZONE, serial)
        await inSync(place, ZONE, await changeZone(primary, ZONE, primaryKey))
        areAlive()
      })
  })
