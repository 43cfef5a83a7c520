/**
 * docker-compose.yml needs a daemon, which a test may lack. The test checks its parts: every command, option, port,
 * volume, file, healthcheck and dependency exists, and fits the program and the images.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { expect } from 'chai'
import { parse } from 'yaml'
import { parseAddress } from '../../../config/address.js'
import { isWithin } from '../../../lib/transport/ip.js'
import { describedProgram } from '../../../services/cli/program.js'
import { ROLES } from '../../../services/hub/hub.js'
import { addressOf, builtFrom, compose, services, stageNamed, stages } from './compose-file.js'

const program = describedProgram()

const HUB = builtFrom('zonecast').filter(([name]) => name !== 'secrets')

const SECOND = 'worker2'
const roleOf = (service: string): string => (service === SECOND ? 'worker' : service)

/** Programs of the images, with their packages. */
const PACKAGES: Record<string, string> = { knotd: 'knot', nsd: 'nsd', named: 'bind9', dig: 'bind9-dnsutils' }

describe('docker-compose.yml', () => {
  it('has one container for each role, and a second worker in a profile', () => {
    const roles = HUB.map(([name, { command, profiles }]) => {
      const role = roleOf(name)
      const worker = role === 'worker' ? ['--worker', name === 'worker' ? 'w1' : 'w2'] : []
      expect(command, name).to.deep.equal(['start', '--roles', role, ...worker])
      expect(profiles, name).to.deep.equal(name === SECOND ? ['two-workers'] : undefined)
      return role
    })
    expect(roles).to.have.members([...ROLES, 'worker'])
    expect(parse(readFileSync('deploy/zonecast.yaml', 'utf8')).workers).to.deep.equal({ share: 'disk' })
  })

  it('uses commands and options that the program has', () => {
    for (const [name, { command, entrypoint }] of HUB) {
      expect(entrypoint, name).to.equal(undefined)
      const [verb, ...options] = command!
      const known = program.commands.find((candidate: Command) => candidate.name() === verb)
      expect(known, `${name}: ${verb}`).to.not.equal(undefined)
      for (const option of options.filter((word) => word.startsWith('--')))
        expect(
          known!.options.some(({ long }) => long === option),
          `${name}: ${option}`,
        ).to.equal(true)
    }
    expect(stageNamed('zonecast').lines).to.include('ENTRYPOINT ["zonecast"]').and.to.include('CMD ["start"]')
  })

  it('runs name servers that their image has', () => {
    const install = stageNamed('dns').lines.find((line) => line.includes('apt-get install'))!
    for (const [name, { command, healthcheck }] of builtFrom('dns'))
      for (const used of [command![0]!, healthcheck!.test![1]!]) {
        expect(PACKAGES, `${name}: ${used}`).to.have.property(used)
        expect(install.split(/\s+/)).to.include(PACKAGES[used])
      }
  })

  it('builds images that are in the Dockerfile, and none of them runs as root', () => {
    for (const [name, { build, image }] of services) {
      if (build === undefined) expect(image, name).to.match(/^redis:/)
      else expect(stages.map((stage) => stage.name)).to.include(build.target)
    }
    for (const target of ['zonecast', 'dns']) {
      const user = stageNamed(target).lines.findLast((line) => line.startsWith('USER '))
      expect(user, target).to.match(/^USER [1-9]\d+:[1-9]\d+$/)
    }
    const roots = services.filter(([, { user }]) => user !== undefined).map(([name]) => name)
    expect(roots).to.deep.equal(['secrets'])
    for (const [name, service] of services)
      if (service.build !== undefined) expect(service, name).to.deep.include({ read_only: true, cap_drop: ['ALL'] })
  })

  it('copies existing files into the images', () => {
    for (const { lines } of stages)
      for (const line of lines.filter((one) => one.startsWith('COPY ') && !one.includes('--from='))) {
        const sources = line.split(/\s+/).slice(1, -1)
        for (const source of sources) expect(existsSync(source), source).to.equal(true)
      }
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
    for (const source of ['package.json', 'package-lock.json', 'setup', 'config', 'lib', 'services', 'lab', 'deploy'])
      expect(ignored).to.include(`!${source}`)
  })

  it('mounts declared volumes and existing files', () => {
    const used = new Set<string>()
    for (const [name, { volumes = [] }] of services)
      for (const volume of volumes) {
        const [source, target, mode] = volume.split(':')
        expect(target, `${name}: ${volume}`).to.match(/^\//)
        if (source!.startsWith('./')) {
          expect(existsSync(source!), `${name}: ${source}`).to.equal(true)
          expect(mode, `${name}: ${volume}`).to.equal('ro')
        } else {
          expect(compose.volumes, `${name}: ${volume}`).to.have.property(source!)
          used.add(source!)
        }
      }
    expect([...used]).to.have.members(Object.keys(compose.volumes))
  })

  it('allows workers alone to write the zone store', () => {
    const mounts = HUB.map(([name, { volumes }]) => [name, volumes!.find((volume) => volume.startsWith('zonecast:'))])
    expect(Object.fromEntries(mounts)).to.deep.equal({
      worker: 'zonecast:/var/lib/zonecast',
      worker2: 'zonecast:/var/lib/zonecast',
      watcher: 'zonecast:/var/lib/zonecast:ro',
      transfer: 'zonecast:/var/lib/zonecast:ro',
      api: 'zonecast:/var/lib/zonecast:ro',
    })
  })

  it('allows the roles that give or carry out orders to write the audit log', () => {
    const writers = HUB.filter(([, { volumes }]) => volumes!.includes('audit:/var/lib/zonecast/audit')).map(([name]) => name)
    expect(writers).to.have.members(['worker', 'worker2', 'api'])
  })

  it('waits for existing services, and for health only of those with a healthcheck', () => {
    const image = stageNamed('zonecast').lines.some((line) => line.startsWith('HEALTHCHECK '))
    for (const [name, { depends_on = {} }] of services)
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const service = compose.services[other]
        expect(service, `${name} waits for ${other}`).to.not.equal(undefined)
        const isWatched = service!.healthcheck?.disable !== true && (service!.healthcheck?.test !== undefined || image)
        if (condition === 'service_healthy') expect(isWatched, `${name} waits for ${other}`).to.equal(true)
        else expect([condition, other]).to.deep.equal(['service_completed_successfully', 'secrets'])
      }
  })

  it('has a healthcheck for every permanent service', () => {
    for (const [name, { healthcheck }] of services) if (name !== 'secrets') expect(healthcheck?.test?.[0], name).to.equal('CMD')
    for (const [name, { healthcheck }] of HUB) {
      const [, program_, file, role, ...rest] = healthcheck!.test!
      expect([program_, file, role], name).to.deep.equal(['node', '/app/deploy/healthcheck.mjs', roleOf(name)])
      expect(rest, name).to.not.be.empty
    }
    const copied = stageNamed('zonecast').lines.find((line) => line.includes('deploy/healthcheck.mjs'))
    expect(copied).to.match(/deploy\/make-secrets\.mjs .*\.\/deploy\/$/)
  })

  it('gives every container its own address inside the network', () => {
    const subnet = compose.networks.control.ipam.config[0]!.subnet
    const addresses = services.filter(([, { networks }]) => networks?.control !== undefined).map(([name]) => addressOf(name))
    for (const address of addresses) expect(isWithin(address, [subnet]), address).to.equal(true)
    expect(new Set(addresses).size).to.equal(addresses.length)
  })

  it('keeps Redis on a network without nodes and primaries', () => {
    const onState = services.filter(([, { networks }]) => networks !== undefined && JSON.stringify(networks).includes('state'))
    expect(onState.map(([name]) => name)).to.have.members(['redis', ...ROLES, SECOND])
    expect(JSON.stringify(compose.services.redis!.networks)).to.not.include('control')
    expect(JSON.stringify(compose.services.redis!.command)).to.include('--aclfile')
  })

  it("opens ports on the host's loopback alone, each once", () => {
    const opened = services.flatMap(([, { ports = [] }]) => ports)
    for (const port of opened) expect(port).to.match(/^127\.0\.0\.1:\d+:(53|8053)\/(udp|tcp)$/)
    const places = opened.map((port) => port.replace(/:\d+\//, '/'))
    expect(new Set(places).size).to.equal(places.length)
    expect(opened.every((port) => parseAddress(port.split(':').slice(0, 2).join(':'), 0) !== undefined)).to.equal(true)
  })

  it('runs existing POSIX scripts', () => {
    for (const file of ['deploy/healthcheck.mjs', 'deploy/make-secrets.mjs']) {
      expect(statSync(file).isFile()).to.equal(true)
      expect(readFileSync(file, 'utf8')).to.not.match(/from '\.\.?\//)
    }
  })
})
