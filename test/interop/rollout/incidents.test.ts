/**
 *   NSD (primary, serves any file) ──▶ zonecast ──▶ NSD in cloud A, BIND in cloud B
 *
 * Incidents that took countries offline, as zones: each is held, no node of any cloud serves it, also not one that queries by
 * itself, and the reason names the cause.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { startBind } from '../../../lab/bind.js'
import { makeKey } from '../../../lab/keys.js'
import { startNsd } from '../../../lab/nsd.js'
import { replaceZone } from '../../../lab/replace-zone.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { keysWithOneTag, makeKey as makeSigningKey, type SigningKey, signZone } from '../../support/signer.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const HOUR = 3_600_000

interface Incident {
  zone: string
  what: string
  good: string
  bad: string
  check: string
  reason: RegExp
}

/** A registry's zone: an apex, and hundreds of delegations. `server`: the name server of each delegation. */
function registry(zone: string, serial: number, delegations: number, server: (i: number) => string): string {
  const lines = Array.from({ length: delegations }, (_, i) => `d${i} NS ${server(i)}`)
  return `$ORIGIN ${zone}\n$TTL 3600\n@ SOA ns1 host ${serial} 3600 1 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n${lines.join('\n')}\n`
}

function signedText(
  zone: string,
  serial: number,
  keys: readonly SigningKey[],
  published: readonly SigningKey[],
  lifeMs: number,
): string {
  const hosts = Array.from({ length: 20 }, (_, i) => `h${i}.${zone} 300 A 192.0.2.${i}`)
  const plain = [
    `${zone} 300 SOA ns1.${zone} host.${zone} ${serial} 3600 1 604800 60`,
    `${zone} 300 NS ns1.${zone}`,
    `ns1.${zone} 300 A 192.0.2.1`,
    ...hosts,
  ]
  const now = Date.now()
  return `${signZone(zone, plain, { keys, published, inception: now - HOUR, expiration: now + lifeMs }).join('\n')}\n`
}

const hosterOf = (i: number): string => `ns${i % 7}.hoster${i % 11}.test.`

function incidents(): Incident[] {
  const one = keysWithOneTag(3)
  const strangers = [one[0]!, ...[1, 2].map(() => ({ ...makeSigningKey(15, 256), tag: one[0]!.tag }))]
  const key = [makeSigningKey(13)]
  return [
    {
      zone: 'de2010.example.',
      what: '.de 2010: a copy that broke off became a zone, a third of the delegations gone',
      good: registry('de2010.example.', 1, 300, hosterOf),
      bad: registry('de2010.example.', 2, 200, hosterOf),
      check: 'shrink',
      reason: /shrink: 100 (records|delegat).*threshold is 10 %/,
    },
    {
      zone: 'se2009.example.',
      what: '.se 2009: the final dot is missing in every name',
      good: registry('se2009.example.', 1, 300, (i) => `ns.d${i}.se2009.example.`),
      bad: registry('se2009.example.', 2, 300, (i) => `ns.d${i}.se2009.example`),
      check: 'apex',
      reason: /se2009\.example\.se2009\.example\./,
    },
    {
      zone: 'de2026.example.',
      what: '.de 2026: three keys with one tag, two thirds of the signatures bogus',
      good: signedText('de2026.example.', 1, one, one, 400 * HOUR),
      bad: signedText('de2026.example.', 2, strangers, one, 400 * HOUR),
      check: 'dnssec',
      reason: /An RRSIG is bogus: no DNSKEY with its key tag and algorithm verifies it/,
    },
    {
      zone: 'afrinic.example.',
      what: 'RIPE and AFRINIC: a zone that is nearly empty, and never malformed',
      good: zoneText('afrinic.example.', { serial: 1, records: 500, retrySeconds: 1 }),
      bad: zoneText('afrinic.example.', { serial: 2, records: 5, retrySeconds: 1 }),
      check: 'shrink',
      reason: /shrink: 495 records of 500 would be gone/,
    },
    {
      zone: 'expiring.example.',
      what: 'signatures that are about to expire',
      good: signedText('expiring.example.', 1, key, key, 400 * HOUR),
      bad: signedText('expiring.example.', 2, key, key, 12 * HOUR),
      check: 'dnssec',
      reason: /dnssec: Signatures have less than 24 h/,
    },
  ]
}

describe('a replayed incident', function () {
  this.timeout(60_000)
  needsPeers('nsd', 'bind')
  const scratch = scratchDirs()
  const keys = { hm1: makeKey('hm1-key'), ams1: makeKey('ams1-key'), fra1: makeKey('fra1-key') }
  const all = incidents()
  let servers: LabServer[] = []
  let nodes: Record<'ams1' | 'fra1', LabServer>
  let primary: LabServer
  let hub: TestHub

  before(async () => {
    const hubPort = await findPort()
    const from = (key: (typeof keys)['ams1']) => ({
      zones: all.map(({ zone }) => ({ name: zone, from: [{ ip: '127.0.0.1', port: hubPort, key }] })),
    })
    primary = await startNsd({
      name: 'hm1',
      ip: '127.0.0.24',
      port: await findPort('127.0.0.24'),
      zones: all.map(({ zone, good }) => ({ name: zone, text: good })),
      transferKey: keys.hm1,
      notify: [{ ip: '127.0.0.1', port: hubPort, key: keys.hm1 }],
    })
    const [ams1, fra1] = await Promise.all([
      startNsd({ ...from(keys.ams1), name: 'ams1', ip: '127.0.0.25', port: await findPort('127.0.0.25') }),
      startBind({ ...from(keys.fra1), name: 'fra1', port: await findPort() }),
    ])
    nodes = { ams1, fra1 }
    servers = [primary, ams1, fra1]
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: keys.hm1 } },
        nodes: {
          ams1: { cloud: 'A', ip: ams1.ip, port: ams1.port, key: keys.ams1 },
          fra1: { cloud: 'B', ip: fra1.ip, port: fra1.port, key: keys.fra1 },
        },
        zones: all.map(({ zone }) => ({ name: zone })),
      },
      { transfer: hubPort },
    )
    hub = await startHub(place)
    for (const { zone } of all) await inSync(hub, zone, 1, 30_000)
  })

  after(async () => {
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  for (const [i, { what }] of all.entries())
    it(`is held, is served by no node, and has its cause reported: ${what}`, async () => {
      const { zone, bad, check, reason } = all[i]!
      await replaceZone(primary, zone, bad)
      await awaitSerial(primary, zone, (serial) => serial === 2)
      const held = await eventually(
        async () => {
          const { rollouts } = await api<{ rollouts: { id: string; serial: number; state: string; reason: string }[] }>(
            hub,
            `/v1/rollouts?zone=${zone}&state=held`,
          )
          expect(rollouts.map(({ serial }) => serial)).to.deep.equal([2])
          return rollouts[0]!
        },
        { timeoutMs: 20_000 },
      )
      expect(held.reason).to.match(reason)
      const { checks } = await api<{ checks: { check: string; verdict: string }[] }>(hub, `/v1/rollouts/${held.id}`)
      expect(checks.find((each) => each.check === check)!.verdict).to.equal('hold')
      await nodes.ams1.control('force_transfer', zone)
      await nodes.fra1.control('retransfer', zone)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      for (const node of Object.values(nodes)) expect(await awaitSerial(node, zone), node.name).to.equal(1)
      expect(await api(hub, `/v1/zones/${zone}`)).to.include({ state: 'held', serial: 1 })
    })
})
