/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD (node), killed after it transferred a version and before it loads it
 *
 * NSD begins again with its zone file, which has the version before. The hub notifies it again at once, and not when the delivery
 * is given up.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../lab/ask-serial.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'lost.test.'
/** NSD loads a transferred version after this. */
const LOAD_S = 4

interface Chain {
  chain: { step: string; at: string | null; detail: string }[]
}

describe('a version that a node has lost before it served it', function () {
  this.timeout(120_000)
  needsPeers('knot', 'nsd')
  const scratch = scratchDirs()
  let primary: LabServer
  let node: LabServer
  let hub: TestHub

  before(async () => {
    const transfer = await findPort()
    primary = await startKnot({
      name: 'hm1',
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, refreshSeconds: 3_600, retrySeconds: 3_600 }) }],
    })
    const ip = '127.0.0.89'
    node = await startNsd({
      name: 'n1',
      ip,
      port: await findPort(ip),
      zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer }] }],
    })
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { n1: { cloud: 'A', ip, port: node.port } },
        zones: [{ name: ZONE }],
      },
      { transfer },
    )
    hub = await startHub(place)
    await inSync(hub, ZONE, 1)
    await node.control('write')
    const file = join(node.folder, 'nsd.conf')
    const slow = readFileSync(file, 'utf8')
      .replace('xfrd-reload-timeout: 0', `xfrd-reload-timeout: ${LOAD_S}`)
      .replace('zonefiles-write: 1\n', 'zonefiles-write: 3600\n')
    writeFileSync(file, slow)
    await node.restart()
    await inSync(hub, ZONE, 1)
  })

  after(async () => {
    await hub?.stop()
    await Promise.all([primary, node].map((server) => server?.stop()))
  })

  const isTransferred = async (): Promise<void> => {
    const { chain } = await api<Chain>(hub, `/v1/zones/${ZONE}/nodes/n1`)
    const step = chain.find(({ step: name }) => name === 'taken')
    expect(step?.at, JSON.stringify(chain)).to.be.a('string')
  }

  it('is notified again, and the node serves it soon', async () => {
    // NSD waits between two loads: the first one of a process is at once.
    await updateZone(primary, ZONE, [`add first.${ZONE} 60 A 192.0.2.1`])
    await inSync(hub, ZONE, 2)
    await updateZone(primary, ZONE, [`add second.${ZONE} 60 A 192.0.2.2`])
    await awaitSerial(primary, ZONE, (serial) => serial === 3)
    await eventually(isTransferred, { timeoutMs: 10_000, everyMs: 20 })
    expect((await askSerial(node, ZONE))?.serial).to.equal(2)
    await node.kill()
    const at = performance.now()
    await node.restart()
    expect((await askSerial(node, ZONE))?.serial).to.be.below(3)
    await inSync(hub, ZONE, 3, 100_000)
    // A delivery is given up after 45 s.
    expect(performance.now() - at).to.be.below(20_000)
  })
})
