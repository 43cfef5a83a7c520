/**
 *   scripted primary ──▶ zonecast, with tokens of every role ◀── an operator's commands
 *
 * The roles that may decide on a version, the answers to orders that do not apply, and the output of the program.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { startKnot } from '../../../lab/knot.js'
import { makeKey } from '../../../lab/keys.js'
import { findPort } from '../../../lab/ports.js'
import { runCommand } from '../../../lab/run-command.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { PROGRAM } from '../../support/program.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'orders.example.'
const execFileAsync = promisify(execFile)
const ROLES = ['viewer', 'operator', 'publisher', 'admin'] as const
const tokenOf = (role: string): string => `token-of-${role}-0123456789`

describe('orders for a rollout', function () {
  this.timeout(60_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('hm-key')
  let primary: LabServer
  let place: HubPlace
  let hub: HubProcess

  const ask = async (role: string, method: string, path: string, body?: object) => {
    const response = await fetch(`${place.api}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenOf(role)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what is tested
    return { status: response.status, body: (await response.json()) as any }
  }
  const order = (role: string, what: string, body: object = {}) => ask(role, 'POST', `/zones/${ZONE}/${what}`, body)
  const zonecast = async (role: string, ...args: string[]): Promise<string> => {
    const env = { ...process.env, ZONECAST_TOKEN: tokenOf(role) }
    const program = [...PROGRAM, ...args, '--url', place.api]
    return (await execFileAsync(process.execPath, program, { env, encoding: 'utf8' })).stdout
  }
  const change = async (...lines: string[]): Promise<number> => {
    const before = await awaitSerial(primary, ZONE)
    await updateZone({ ip: primary.ip, port: primary.port, key }, ZONE, lines)
    return await awaitSerial(primary, ZONE, (serial) => serial !== before)
  }
  const rolloutOf = async (serial: number, state: string) =>
    await eventually(async () => {
      const { body } = await ask('viewer', 'GET', `/rollouts?zone=${ZONE}`)
      const row = body.rollouts.find((each: { serial: number }) => each.serial === serial)
      if (row?.state !== state) throw new Error(`serial ${serial} is ${row?.state}, not ${state}`)
      return row as { id: string; reason: string }
    })

  before(async () => {
    primary = await startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: 100, retrySeconds: 1 }) }],
      transferKey: key,
      updateKey: key,
    })
    const api = await findPort()
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
        zones: [{ name: ZONE }],
        extra: {
          api: {
            listen: `127.0.0.1:${api}`,
            tokens: ROLES.map((role) => ({
              name: `${role}-1`,
              role,
              sha256: createHash('sha256').update(tokenOf(role)).digest('hex'),
            })),
          },
        },
      },
      { api },
    )
    hub = await spawnHub(place)
    await rolloutOf(1, 'done')
  })

  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  for (const [what, least] of [
    ['hold', 'operator'],
    ['release', 'publisher'],
    ['approve', 'publisher'],
    ['reject', 'publisher'],
    ['rollback', 'publisher'],
  ] as const)
    it(`of kind ${what} need role ${least} or above`, async () => {
      for (const role of ROLES.slice(0, ROLES.indexOf(least))) expect((await order(role, what)).status, role).to.equal(403)
      // A body that does not apply, or nothing to do: the role was enough.
      expect((await order(least, what, { nonsense: 1 })).status).to.equal(400)
    })

  it('that do not apply are answered with the reason', async () => {
    const cases = [
      ['approve', { serial: 1, reason: 'r' }, 409, /serial 1 of orders\.example\. is done: there is nothing to approve/],
      ['approve', { reason: 'r' }, 409, /no version of orders\.example\. waits for a decision/],
      ['approve', { serial: 99, reason: 'r' }, 404, /no kept version with serial 99/],
      ['approve', { serial: 1 }, 400, /reason/],
      ['approve', { serial: 1, reason: '' }, 400, /reason/],
      ['release', {}, 400, /reason/],
      ['approve', { digest: '01234567', reason: 'r' }, 400, /digest: needs a serial/],
      ['approve', { primary: 'hm1', fast: true, reason: 'r' }, 400, /fast: cannot be used with primary/],
      ['reject', { primary: 'hm1', reason: 'r' }, 400, /primary: an order to reject does not use this field/],
      ['approve', { primary: 'hm1', reason: 'r' }, 409, /do not disagree/],
      ['approve', { primary: 'hm9', reason: 'r' }, 404, /no primary hm9/],
      ['reject', { serial: 1, reason: 'r' }, 409, /nothing to reject/],
      ['reject', { serial: 1, digest: 'zz', reason: 'r' }, 400, /digest/],
      ['rollback', { reason: 'r' }, 400, /serial/],
      ['rollback', { serial: 7, reason: 'r' }, 404, /no kept version with serial 7/],
      ['rollback', { serial: 1, reason: 'r' }, 409, /no released version before serial 1/],
    ] as const
    for (const [what, body, status, says] of cases) {
      const answer = await order('admin', what, body)
      expect(answer.status, `${what} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`).to.equal(status)
      expect(JSON.stringify(answer.body)).to.match(says)
    }
    expect((await ask('viewer', 'GET', '/rollouts/no-such')).status).to.equal(404)
  })

  it('are possible on the command line, which shows the checks and their findings', async () => {
    const gone = Array.from({ length: 70 }, (_, i) => `delete h${i}.${ZONE}`)
    const serial = await change(...gone)
    const { id } = await rolloutOf(serial, 'held')
    expect(await zonecast('viewer', 'rollouts')).to.match(new RegExp(`orders\\.example\\. +${serial} +held .*shrink: `))
    expect(await zonecast('viewer', 'rollouts', id)).to.match(/shrink +hold +\d+ records of 100 would be gone/)
    const refused = await zonecast('operator', 'approve', ZONE, String(serial), '--reason', 'r').catch(
      (error: Error) => error.message,
    )
    expect(refused).to.match(/403|may|role/)
    expect(await zonecast('publisher', 'reject', ZONE, String(serial), '--reason', 'half a zone')).to.match(/serial 2: rejected/)
    await rolloutOf(serial, 'rejected')
    const history = await zonecast('viewer', 'history', ZONE)
    expect(history).to.match(/ 2 +rejected +hold /)
    expect(history).to.match(/ 1 +released +pass /)
  })

  it('cannot roll back to a version that was never released', async () => {
    const answer = await order('publisher', 'rollback', { serial: 2, reason: 'r' })
    expect(answer.status).to.equal(409)
    expect(JSON.stringify(answer.body)).to.match(/serial 2 of orders\.example\. was never released to every node/)
  })

  it('have a reason in words, without control characters', async () => {
    const blank = await order('publisher', 'approve', { serial: 2, reason: '   ' })
    const control = await order('publisher', 'hold', { reason: '\u001b]0;pwn\u0007' })
    expect([blank.status, control.status]).to.deep.equal([400, 400])
    expect(JSON.stringify(control.body)).to.match(/control characters/)
  })

  it('to reject are permanent: the same content under the same serial is not released', async () => {
    await hub.stop()
    hub = await spawnHub(place)
    const row = await rolloutOf(2, 'rejected')
    expect(row.reason).to.equal('half a zone')
    expect((await order('publisher', 'approve', { serial: 2, reason: 'r' })).status).to.equal(409)
  })

  it('to hold survive kill -9 and an empty Redis', async () => {
    expect(await zonecast('operator', 'hold', ZONE, '--reason', 'network window')).to.match(/orders\.example\.: held/)
    await eventually(async () => expect((await ask('viewer', 'GET', '/status')).body.held).to.deep.equal([ZONE]))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await hub.kill()
    const socket = `${place.configFile.replace(/zonecast\.yaml$/, '')}data/redis/redis.sock`
    await runCommand('redis-cli', ['-s', socket, 'FLUSHALL'])
    hub = await spawnHub(place)
    await eventually(async () => expect((await ask('viewer', 'GET', '/status')).body.held).to.deep.equal([ZONE]))
    const more = Array.from({ length: 70 }, (_, i) => `add h${i}.${ZONE} 60 A 192.0.2.1`)
    const serial = await change(...more)
    const row = await rolloutOf(serial, 'held')
    expect(row.reason).to.match(/put on hold by operator-1: network window/)
    expect((await order('publisher', 'approve', { serial, reason: 'r' })).status).to.equal(200)
    // An approval applies to the version, the hold to the zone.
    await new Promise((resolve) => setTimeout(resolve, 500))
    await rolloutOf(serial, 'held')
    expect(await zonecast('publisher', 'unhold', ZONE, '--reason', 'window over')).to.match(/orders\.example\.: released/)
    await rolloutOf(serial, 'done')
  })
})
