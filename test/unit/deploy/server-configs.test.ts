/**
 * The configs in deploy/ match: the hub's config loads, primaries and nodes use the addresses of the hub's roles in the compose
 * file and the same keys, and each server's own checker accepts its file.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Config } from '../../../config/config.js'
import { checkConfig } from '../../../config/load.js'
import { commandOf, findProgram } from '../../../lab/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { addressOf, builtFrom, compose } from './compose-file.js'

/** The config file of a name server, by service. */
const CONFIGS = Object.fromEntries(
  builtFrom('dns').map(([name, { volumes }]) => {
    const mount = volumes!.find((volume) => volume.endsWith(':/etc/dns/server.conf:ro'))!
    return [name, mount.split(':')[0]!]
  }),
)
const text = (service: string): string => readFileSync(CONFIGS[service]!, 'utf8').replace(/^\s*(#|\/\/).*$/gm, '')
const [WATCHER, WORKER, SECOND, TRANSFER] = ['watcher', 'worker', 'worker2', 'transfer'].map(addressOf)

describe('the configs of the containers', () => {
  const scratch = scratchDirs()
  let folder: string
  let config: Config

  /** A file as inside its container, with the paths of this machine. */
  const here = (service: string): string => {
    const place = join(folder, service)
    mkdirSync(join(place, 'state'), { recursive: true })
    const file = join(place, 'server.conf')
    const paths: [string, string][] = [
      ['/run/keys/', `${place}/`],
      ['/var/lib/dns', join(place, 'state')],
      ['/run/dns', join(place, 'state')],
      ['/etc/zones/', `${join(folder, 'zones')}/`],
    ]
    let out = readFileSync(CONFIGS[service]!, 'utf8')
    for (const [from, to] of paths) out = out.replaceAll(from, to)
    writeFileSync(file, out)
    return file
  }

  before(() => {
    folder = scratch()
    const made = spawnSync(process.execPath, ['deploy/make-secrets.mjs', folder], { encoding: 'utf8' })
    expect(made.status, made.stderr).to.equal(0)
    cpSync('deploy/zones', join(folder, 'zones'), { recursive: true })
    const file = join(folder, 'zonecast.yaml')
    writeFileSync(file, readFileSync('deploy/zonecast.yaml', 'utf8').replaceAll('/run/zonecast/', `${folder}/hub/`))
    const report = checkConfig(file)
    // Within one machine: the networks of the containers are separate.
    expect(report.findings.map(({ code, message }) => `${code} ${message.split(':')[0]}`)).to.deep.equal([
      'WEAK_REDIS redis is reached over the network without TLS',
      'WEAK_API the API is served in the clear beyond this machine, tokens included',
      'WEAK_TOKEN token "operator" never expires',
      'WEAK_LISTEN the transfer server listens on every address',
    ])
    config = report.config!
  })

  it('create secrets once, and give each key only to its users', () => {
    const again = spawnSync(process.execPath, ['deploy/make-secrets.mjs', folder], { encoding: 'utf8' })
    expect(again.stdout).to.match(/stay as they are/)
    for (const { id, key } of config.nodes.values()) {
      const keys = readFileSync(join(folder, id, 'keys.conf'), 'utf8')
      const { secret, algorithm } = config.keys.get(key!)!
      expect(keys).to.include(secret.toString('base64')).and.to.include(algorithm).and.to.include(key)
      expect(keys.match(/secret/g)).to.have.length(1)
    }
    const token = readFileSync(join(folder, 'hub/token'))
    expect(config.api.tokens[0]!.sha256).to.deep.equal(createHash('sha256').update(token).digest())
  })

  it("name every container by its address in the hub's config", () => {
    const addresses = [...config.primaries.values()].map(({ id, address }) => [id, address.ip, address.port])
    expect(addresses).to.deep.equal(['hm1', 'hm2'].map((id) => [id, addressOf(id), 53]))
    for (const { id, paths } of config.nodes.values()) expect(paths).to.deep.equal([{ ip: addressOf(id), port: 53 }])
    expect([...config.primaries.keys(), ...config.nodes.keys()]).to.have.members(Object.keys(CONFIGS))
    const password = readFileSync(join(folder, 'hub/redis.password'), 'utf8').trim()
    expect(config.redis).to.deep.equal({ kind: 'url', url: `redis://zonecast:${password}@redis:6379/0` })
    expect(readFileSync(join(folder, 'redis/users.acl'), 'utf8'))
      .to.match(/^user default off$/m)
      .and.to.include(`>${password} `)
  })

  it('send queries from the address of each container, so that no role binds an address of another', () => {
    expect(config.transfer.source).to.deep.equal([])
  })

  it("have the folders, ports and names of the compose file in the hub's config", () => {
    const health = (service: string) => compose.services[service]!.healthcheck!.test!.slice(4)
    expect(health('worker')).to.deep.equal([config.dataDir, 'w1'])
    expect(health('worker2')).to.deep.equal([config.dataDir, 'w2'])
    expect(health('transfer')).to.deep.equal([String(config.transfer.listen[0]!.port)])
    expect(health('api')).to.deep.equal([String(config.api.listen.port)])
    expect(health('watcher')).to.deep.equal(['redis://zonecast@redis:6379/0', config.hub, '/run/zonecast/redis.password'])
    expect(compose.services.api!.ports).to.deep.equal([`127.0.0.1:8053:${config.api.listen.port}/tcp`])
    for (const service of ['worker', 'worker2', 'watcher', 'transfer', 'api']) {
      const mounts = compose.services[service]!.volumes!.map((volume) => volume.split(':')[1])
      expect(mounts).to.include.members([config.dataDir, '/run/zonecast', '/etc/zonecast/zonecast.yaml'])
    }
  })

  it('poll a primary often enough for the healthcheck of the watcher', () => {
    const allowed = Number(/LOOKED_SECONDS = (\d+)/.exec(readFileSync('deploy/healthcheck.mjs', 'utf8'))![1])
    expect(config.defaults.refresh.maxMs / 1000).to.be.lessThan(allowed / 2)
  })

  for (const primary of ['hm1', 'hm2'])
    it(`let ${primary} serve zones to watcher and worker, and send NOTIFY to the transfer server`, () => {
      const conf = text(primary)
      expect(conf).to.match(
        new RegExp(`- id: hub\\s+address: \\[${WATCHER}, ${WORKER}, ${SECOND}\\]\\s+key: hm-key\\s+action: transfer`),
      )
      expect(conf).to.match(
        new RegExp(`- id: transfer\\s+address: ${TRANSFER}@${config.transfer.listen[0]!.port}\\s+key: hm-key`),
      )
      expect(conf).to.match(/notify: (\[transfer, hm2\]|transfer)\s/)
      expect(conf).to.match(/acl: \[hub, hm\d\]/)
    })

  for (const [node, notified, asks] of [
    ['ams1', 'allow-notify: WORKER ams1-key', 'request-xfr: TRANSFER@5300 ams1-key'],
    ['lhr1', 'allow-notify: WORKER lhr1-key', 'request-xfr: TRANSFER@5300 lhr1-key'],
    [
      'fra1',
      'address: [WORKER, SECOND]\n    key: fra1-key\n    action: [notify, query]',
      'address: TRANSFER@5300\n    key: fra1-key',
    ],
    ['sin1', 'allow-notify { key "sin1-key"; };', 'primaries { TRANSFER port 5300 key "sin1-key"; };'],
  ] as const)
    it(`let ${node} accept NOTIFY from the worker and query the transfer server, with its own key`, () => {
      expect(text(node)).to.include(notified.replace('WORKER', WORKER!).replace('SECOND', SECOND!))
      if (notified.startsWith('allow-notify:')) expect(text(node)).to.include(notified.replace('WORKER', SECOND!))
      expect(text(node)).to.include(asks.replace('TRANSFER', TRANSFER!))
      expect(config.transfer.listen).to.deep.equal([{ ip: '0.0.0.0', port: 5300 }])
      expect(config.nodes.get(node)!.key).to.equal(`${node}-key`)
    })

  it('have every zone on every server', () => {
    for (const zone of config.zones.keys())
      for (const service of Object.keys(CONFIGS)) {
        const name = zone.slice(0, -1).replace('.', '\\.')
        expect(text(service), `${zone} on ${service}`).to.match(new RegExp(`(domain: |name: "|zone ")${name}("|$)`, 'm'))
      }
  })

  for (const [service, checker, args] of [
    ['hm1', 'knotc', ['-c', 'FILE', 'conf-check']],
    ['hm2', 'knotc', ['-c', 'FILE', 'conf-check']],
    ['fra1', 'knotc', ['-c', 'FILE', 'conf-check']],
    ['ams1', 'nsd-checkconf', ['FILE']],
    ['lhr1', 'nsd-checkconf', ['FILE']],
    ['sin1', 'named-checkconf', ['FILE']],
  ] as const)
    it(`are accepted by ${checker} for ${service}`, function () {
      if (findProgram(checker) === undefined) return this.skip()
      const words = args.map((arg) => (arg === 'FILE' ? here(service) : arg))
      const checked = spawnSync(...commandOf(checker, words), { encoding: 'utf8' })
      expect(checked.status, checked.stdout + checked.stderr).to.equal(0)
      expect(checked.stdout + checked.stderr).to.not.match(/warning|error/i)
    })

  it('have zones that named-checkzone accepts', function () {
    if (findProgram('named-checkzone') === undefined) return this.skip()
    for (const zone of ['shop.example', 'news.example']) {
      const args = [zone, join(folder, 'zones', `${zone}.zone`)]
      const checked = spawnSync(...commandOf('named-checkzone', args), { encoding: 'utf8' })
      expect(checked.status, checked.stdout + checked.stderr).to.equal(0)
    }
  })

  for (const [service, sign] of [
    ['redis', '--maxmemory-policy noeviction'],
    ['redis', '--appendonly yes'],
  ] as const)
    it(`run ${service} with ${sign}: the hub refuses one that may drop jobs`, () => {
      expect(compose.services[service]!.command!.join(' ')).to.include(sign)
    })
})
