/**
 * A provision job: plans which zones a node's server lacks and which it has too many, and carries the plan out. A zone counts as
 * added when the node answers with the serial that it should serve, and as removed when it no longer answers for it. A job that
 * runs again plans anew, so it goes on where the one before was killed.
 */
import type { ControlResult, NewZone, NodeControl } from '../../lib/control/control.js'
import type { NodeControls } from '../../lib/control/node-controls.js'
import type { ControlWays } from '../../lib/control/stream-failure.js'
import { listZones } from '../../lib/control/zone-list.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { fileOf } from '../../lib/render/plain-names.js'
import { NodeConfiguration } from '../../lib/render/node-configuration.js'
import { type NodeSetup, sendersOf, tlsName, ZONECAST } from '../../lib/render/node-setup.js'
import { plainVersion } from '../../lib/render/server-version.js'
import type { ProvisionChange, ProvisionJob, ProvisionProgress } from '../../lib/queue/jobs.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { InTurn } from '../../lib/runtime/zone-turns.js'
import { WorkerError } from './errors.js'
import { makePlan, type ProvisionPlan } from './provision-plan.js'

export interface ProvisionParts {
  fleet: () => Fleet
  /** `version`: that of the server; undefined: unknown. Throws RenderError when a setting is missing. */
  setup: (node: string, version: string | undefined) => NodeSetup
  controls: Pick<NodeControls, 'of'>
  ways: () => ControlWays
  /** Names of zones on the disk of this hub, and of the fleet. */
  known: () => Promise<readonly ZoneName[]>
  /** Resolves to an error text, or to undefined when the node's own answers show the change. */
  confirm: (zone: FleetZone | ZoneName, node: FleetNode, action: ProvisionChange['action']) => Promise<string | undefined>
  /** Two jobs for one node would disturb each other. */
  inTurn: InTurn<string>
  log: Logger
}

const REPORT_MS = 500
/** Zones that are confirmed at once. */
const CONFIRMS_AT_ONCE = 64
const MAX_SHOWN = 1_000

/** Throws WorkerError WORKER_PROVISION_FAILED and RenderError; the last report has the changes. */
export const runProvision = (
  job: ProvisionJob,
  parts: ProvisionParts,
  report: (progress: ProvisionProgress) => Promise<void>,
): Promise<ProvisionProgress> => parts.inTurn(job.node, () => provision(job, parts, report))

async function provision(
  job: ProvisionJob,
  parts: ProvisionParts,
  report: (progress: ProvisionProgress) => Promise<void>,
): Promise<ProvisionProgress> {
  const { log } = parts
  const node = parts.fleet().nodes.get(job.node)
  if (node === undefined) throw failed(job.node, `${job.node} is no longer in the config`)
  const control = parts.controls.of(node)
  if (control === undefined)
    throw failed(
      node.id,
      `${node.id} has no control channel: configure nodes.${node.id}.control, or install the output of "zonecast render ${node.id}"`,
    )
  // Which zones a catalog brings depends on the version of the server.
  const status = await control.status()
  const setup = parts.setup(node.id, status.kind === 'ok' ? plainVersion(status.value.version) : undefined)
  const run = new ProvisionRun(node, setup, control, parts)
  const plan = await run.plan()
  const fields = {
    op: 'provision',
    node: node.id,
    by: job.by,
    reason: job.reason,
    add: plan.add.length,
    remove: plan.remove.length,
  }
  if (!job.apply) {
    log.info(fields, 'zones of node planned')
    await report(run.progress(false))
    return run.progress(false)
  }
  if (plan.excess !== undefined && !job.yes) {
    await report(run.progress(false))
    throw failed(node.id, `${plan.excess}; nothing was changed: repeat the command with --yes if that is intended`)
  }
  log.info(fields, 'zones of node change')
  const timer = setInterval(
    guard('progress timer', () => void report(run.progress(true)).catch(() => undefined)),
    REPORT_MS,
  )
  try {
    await run.apply()
  } finally {
    clearInterval(timer)
    await report(run.progress(true))
  }
  const { confirmed, failed: failures, changes } = run.progress(true)
  log.info({ ...fields, confirmed, failed: failures }, 'zones of node changed')
  if (failures > 0)
    throw failed(
      node.id,
      changes
        .flatMap(({ zone, error }) => (error === undefined ? [] : [`${zone} ${error}`]))
        .slice(0, 10)
        .join('; '),
    )
  return run.progress(true)
}

const failed = (node: string, message: string): WorkerError => new WorkerError({ code: 'WORKER_PROVISION_FAILED', node }, message)

class ProvisionRun {
  readonly #node: FleetNode
  readonly #setup: NodeSetup
  readonly #control: NodeControl
  readonly #parts: ProvisionParts
  #changes: ProvisionChange[] = []
  #plan: ProvisionPlan | undefined

  constructor(node: FleetNode, setup: NodeSetup, control: NodeControl, parts: ProvisionParts) {
    this.#node = node
    this.#setup = setup
    this.#control = control
    this.#parts = parts
  }

  async plan(): Promise<ProvisionPlan> {
    const ours = { template: ZONECAST, hubs: sendersOf(this.#setup) }
    const { control, id } = this.#node
    const plan = await makePlan({
      node: id,
      carried: this.#parts.fleet().zonesOf(id),
      catalog: new NodeConfiguration(this.#setup).catalog,
      control: this.#control,
      list: () => listZones(id, control!, this.#parts.ways(), ours),
      once: this.#parts.known,
    })
    const changes = (names: readonly ZoneName[], action: ProvisionChange['action']): ProvisionChange[] =>
      names.map((zone) => ({ zone, action, step: 'planned', error: undefined }))
    this.#plan = plan
    this.#changes = [...changes(plan.add, 'add'), ...changes(plan.remove, 'remove')]
    return plan
  }

  progress(isApplied: boolean): ProvisionProgress {
    const { add, remove, notes, excess } = this.#plan!
    const failures = this.#changes.filter(({ step }) => step === 'failed')
    const others = failures.length === 0 ? this.#changes : this.#changes.filter(({ step }) => step !== 'failed')
    return {
      node: this.#node.id,
      isApplied,
      add: add.length,
      remove: remove.length,
      confirmed: this.#changes.filter(({ step }) => step === 'confirmed').length,
      failed: failures.length,
      notes: excess === undefined ? notes : [...notes, excess],
      changes: [...failures.slice(0, MAX_SHOWN), ...others.slice(0, MAX_SHOWN)].slice(0, MAX_SHOWN),
    }
  }

  /** Orders go one by one; the node's answers are awaited meanwhile. */
  async apply(): Promise<void> {
    const waiting = new Set<Promise<void>>()
    for (const change of this.#changes) {
      const result = await this.#order(change)
      if (result.kind !== 'ok') {
        Object.assign(change, { step: 'failed', error: result.error })
        continue
      }
      change.step = 'sent'
      if (waiting.size >= CONFIRMS_AT_ONCE) await Promise.race(waiting)
      const confirming = this.#confirm(change).finally(() => waiting.delete(confirming))
      waiting.add(confirming)
    }
    await Promise.all(waiting)
  }

  async #order({ zone, action }: ProvisionChange): Promise<ControlResult<undefined>> {
    return action === 'add' ? await this.#control.addZone(this.#newZone(zone)) : await this.#control.removeZone(zone)
  }

  #newZone(name: ZoneName): NewZone {
    const { hubs, key, make } = this.#setup
    // As in the configuration, the name of the key has no final dot there.
    const keyName = key?.name.replace(/\.$/, '')
    const file = fileOf(name)
    return {
      name,
      primaries: hubs.map((hub) => ({ address: hub.address, key: keyName, ...(hub.tls && { tls: tlsName(hub) }) })),
      template: ZONECAST,
      ...(make === 'bind' && !file.includes('=') ? { file } : {}),
    }
  }

  async #confirm(change: ProvisionChange): Promise<void> {
    const { confirm, fleet } = this.#parts
    const zone = fleet().zones.get(change.zone) ?? change.zone
    const error = await confirm(zone, this.#node, change.action)
    Object.assign(change, error === undefined ? { step: 'confirmed' } : { step: 'failed', error })
  }
}
