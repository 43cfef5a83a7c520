/**
 *   hub of the test ◀── curl ── zonecast-health.sh ── lines ──▶ ExaBGP ── BGP ──▶ BIRD (the router)
 *
 * The recipe for ExaBGP: the route at the router follows the verdict, and is there whenever the hub is in doubt or away.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { expect } from 'chai'
import { type BgpRouter, startBgp } from '../../lab/bgp.js'
import { commandIn } from '../../lab/netns.js'
import { eventually } from '../support/eventually.js'
import { needsNamespaces, needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { NetWorld } from '../world/net-world.js'

const PREFIX = '192.0.2.53/32'
const [NODE, ROUTER] = ['10.9.0.1', '10.9.0.2']

describe('the recipe for ExaBGP', function () {
  this.timeout(90_000)
  needsPeers('bird', 'exabgp', 'iproute')
  needsNamespaces(this)
  const scratch = scratchDirs()
  let net: NetWorld
  let router: BgpRouter
  let hub: Server
  let exabgp: ChildProcess
  let log: string
  let answer: { status: number; body: string } | 'hang'

  const verdict = (word: string, status = 200) => ({ status, body: `{"verdict":"${word}","why":null,"ttlSeconds":2}` })

  before(async () => {
    net = await NetWorld.create()
    await net.addPlace('node', [])
    await net.addPlace('router', [])
    await net.addLink('up', 'up', ['node', 'router'])
    router = await startBgp({
      ...{ name: 'router', netns: net.place('router').netns, id: ROUTER, as: 65_000, own: [] },
      neighbours: [{ name: 'node', local: ROUTER, remote: NODE, as: 65_001 }],
    })
    answer = verdict('serve')
    hub = createServer((_req, res) => {
      if (answer !== 'hang') res.writeHead(answer.status).end(answer.body)
    })
    // The end of the test's own link to the node.
    const ip = net.place('node').ip.replace(/\d+$/, (last) => String(Number(last) - 1))
    await new Promise<void>((resolve) => hub.listen(0, ip, resolve))
    const { port } = hub.address() as { port: number }
    const dir = scratch()
    const folder = `${process.cwd()}/deploy/health`
    const conf = join(dir, 'exabgp.conf')
    writeFileSync(
      conf,
      `process health {
  run /usr/bin/env ZONECAST_URL=http://${ip}:${port} EVERY=0.2 ${folder}/zonecast-health.sh ams1 ${folder}/exabgp-lines.sh ${PREFIX} 65001;
  encoder text;
}
neighbor ${ROUTER} {
  router-id ${NODE}; local-address ${NODE}; local-as 65001; peer-as 65000;
  family { ipv4 unicast; }
  api { processes [ health ]; }
}
`,
    )
    log = join(dir, 'exabgp.log')
    const out = openSync(log, 'a')
    const settings = ['exabgp.daemon.user=root', 'exabgp.api.ack=false', 'exabgp.api.cli=false', 'exabgp.log.destination=stderr']
    exabgp = spawn(...commandIn(net.place('node').netns, 'env', [...settings, 'exabgp', conf]), {
      stdio: ['ignore', out, out],
      detached: true,
    })
  })
  after(async () => {
    if (exabgp?.pid !== undefined) process.kill(-exabgp.pid, 'SIGKILL')
    hub?.closeAllConnections()
    hub?.close()
    await router?.stop()
    await net?.remove()
  })

  /** The route as BIRD has it; empty without one. */
  const route = async (): Promise<string> =>
    await router.control('show', 'route', 'for', PREFIX, 'all').catch((error: Error) => {
      if (error.message.includes('Network not found')) return ''
      throw error
    })
  const settles = (check: (shown: string) => void): Promise<void> =>
    eventually(
      async () => {
        const shown = await route()
        try {
          check(shown)
        } catch (error) {
          throw new Error(`${shown}\n${readFileSync(log, 'utf8').slice(-3_000)}`, { cause: error })
        }
      },
      { timeoutMs: 30_000, everyMs: 100 },
    )
  const isFirst = (shown: string): void => {
    expect(shown).to.include('BGP.as_path: 65001\n')
    expect(shown).to.not.include('BGP.med: 100')
  }

  it('announces the address as first choice', () => settles(isFirst))

  it('announces it as second choice for degrade', async () => {
    answer = verdict('degrade')
    await settles((shown) => {
      expect(shown).to.include('BGP.as_path: 65001 65001 65001')
      expect(shown).to.include('BGP.med: 100')
    })
  })

  it('withdraws it for withdraw, and announces it again', async () => {
    answer = verdict('withdraw', 503)
    await settles((shown) => expect(shown).to.not.include('BGP.as_path'))
    answer = verdict('serve')
    await settles(isFirst)
  })

  for (const [what, trouble] of [
    ['the hub hangs', 'hang'],
    ['a proxy answers 503', { status: 503, body: '<html>no backend</html>' }],
  ] as const)
    it(`announces it again when ${what} after a withdrawal`, async () => {
      answer = verdict('withdraw', 503)
      await settles((shown) => expect(shown).to.not.include('BGP.as_path'))
      answer = trouble
      await settles(isFirst)
    })
})
