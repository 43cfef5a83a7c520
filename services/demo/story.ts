/** The acts of the demo, and their texts. */
import { checkProgram } from '../../lab/available.js'
import { updateZone } from '../../lab/update.js'
import { LARGE, MAKE_NAMES, SIGNED, SMALL, ZONES } from './cast.js'
import type { Constellation, PrimaryId } from './constellation.js'
import { DemoError } from './errors.js'
import { commandText, runCommandShown } from './own-program.js'
import { type BoardRow, type Screen, SerialBoard } from './serial-board.js'
import { tamper } from './tamper.js'
import { type Watched, watchTurn } from './watch-turn.js'

const RESYNCED = 'lhr1'
/** NSD, which reads zone files again at a command. */
const TAMPERED = 'mad1'
const MANY = 100

export class Story {
  readonly #cast: Constellation
  readonly #screen: Screen
  readonly #signal: AbortSignal
  readonly #board: SerialBoard
  #changes = 0

  constructor(cast: Constellation, screen: Screen, signal: AbortSignal) {
    this.#cast = cast
    this.#screen = screen
    this.#signal = signal
    const rows: BoardRow[] = [
      ...(['hm1', 'hm2'] as const).map((id) => ({ id, what: 'primary, Knot', serials: {} })),
      ...cast.nodes.map(({ id, cloud, make }) => ({ id, what: `cloud ${cloud}, ${MAKE_NAMES[make]}`, serials: {} })),
    ]
    this.#board = new SerialBoard(rows, screen)
  }

  async tell(): Promise<void> {
    await this.#raiseCurtain()
    await this.#firstVersions()
    this.#say('A dynamic update on the primaries adds one record.')
    await this.#change(SMALL, 1)
    this.#say(`Another one adds ${MANY} records to the zone of 10,000.`)
    await this.#change(LARGE, MANY)
    this.#say('The signed zone is changed on hm1, which signs it; hm2 transfers it.')
    await this.#change(SIGNED, 1)
    this.#say('hm1 is killed, and the next change is made on hm2.')
    await this.#killPrimary('hm1')
    await this.#change(SMALL, 1)
    await this.#resync()
    await this.#tamper()
    await this.#judge()
    this.#lookNext()
  }

  #say(sentence: string): void {
    this.#signal.throwIfAborted()
    this.#cast.hub?.requireRunning()
    this.#screen.write(`\n${sentence}\n`)
  }

  async #raiseCurtain(): Promise<void> {
    const version = (make: 'knot' | 'nsd' | 'bind') => `${MAKE_NAMES[make]} ${checkProgram(make).version}`
    this.#say(
      `Starting two hidden primaries (${version('knot')}), cloud A (3 × ${version('nsd')}), cloud B (2 × ${version('bind')} and a Knot), and zonecast with a private Redis…`,
    )
    const startedAt = performance.now()
    await this.#cast.start()
    this.#screen.write(
      `All up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Dashboard: ${this.#cast.dashboard}\n`,
    )
  }

  /** Live primaries, then nodes. */
  #servers(): Watched[] {
    const { primaries, servers } = this.#cast
    return [...primaries, ...servers].filter(([, server]) => server.isRunning()).map(([id, { ip, port }]) => ({ id, ip, port }))
  }

  async #firstVersions(): Promise<void> {
    this.#say('Every node starts empty and gets its first versions.')
    const startedAt = performance.now()
    for (const { name } of ZONES)
      await watchTurn(
        this.#servers(),
        name,
        undefined,
        (id, serial) => {
          this.#board.rows.find((row) => row.id === id)!.serials[name] = serial
        },
        this.#signal,
      )
    this.#board.show()
    this.#screen.write(
      `All ${this.#cast.nodes.length} nodes serve all ${ZONES.length} zones after ${Math.round(performance.now() - startedAt)} ms.\n`,
    )
  }

  /** Changes the zone on every primary that accepts updates of it, and watches the new serial reach every server. */
  async #change(zone: string, records: number): Promise<void> {
    this.#changes += 1
    const lines = Array.from(
      { length: records },
      (_, i) => `add demo-${this.#changes}-${i}.${zone} 300 TXT "change ${this.#changes}"`,
    )
    // The signed zone has one signer; the other zones get the same change, and so the same serial, on both primaries.
    const takers = [...this.#cast.primaries].filter(([id, server]) => server.isRunning() && (zone !== SIGNED || id === 'hm1'))
    const before = this.#board.rows.find(({ id }) => id === takers[0]![0])!.serials[zone]!
    this.#board.begin(zone, before)
    let firstAt: number | undefined
    let lastMs = 0
    const onTurn = (id: string, serial: number, at: number) => {
      // The clock starts when a primary serves the change; a primary that follows has a time too.
      const isFirst = firstAt === undefined
      firstAt ??= at
      if (this.#cast.servers.has(id)) lastMs = Math.max(lastMs, at - firstAt)
      this.#board.turned(id, zone, serial, isFirst ? undefined : at - firstAt)
    }
    const over = new AbortController()
    const key = this.#cast.updateKey
    try {
      await Promise.all([
        watchTurn(this.#servers(), zone, before, onTurn, AbortSignal.any([this.#signal, over.signal])),
        ...takers.map(([, { ip, port }]) => updateZone({ ip, port, key }, zone, lines)),
      ])
    } catch (error) {
      // If the hub has ended, no node can change: this error is then the one to report.
      this.#cast.hub?.requireRunning()
      throw error
    } finally {
      over.abort()
    }
    this.#screen.write(`All ${this.#cast.nodes.length} nodes serve it ${Math.round(lastMs)} ms after the primary did.\n`)
  }

  /** One small change for the time after the story. */
  async changeQuietly(): Promise<void> {
    this.#say(`${new Date().toLocaleTimeString()} one record more.`)
    await this.#change(this.#changes % 2 === 0 ? SMALL : LARGE, 1)
  }

  async #killPrimary(id: PrimaryId): Promise<void> {
    await this.#cast.primaries.get(id)!.kill()
    this.#board.rows.find((row) => row.id === id)!.isGone = true
  }

  async #resync(): Promise<void> {
    const args = [
      'resync',
      '--node',
      RESYNCED,
      '--strength',
      'retransfer',
      '--reason',
      'demo',
      '--wait',
      '-c',
      this.#cast.configFile,
    ]
    this.#say(`${RESYNCED} is resynced: AXFR of every zone from the primary, then to the node.\n$ ${commandText(...args)}`)
    const status = await runCommandShown(args)
    this.#signal.throwIfAborted()
    if (status !== 0) throw new DemoError({ code: 'DEMO_RESYNC_FAILED', status }, `the resync of ${RESYNCED} failed`)
  }

  /** A node gets other content behind its serial: the hub finds it, forces the node, and proves the content. */
  async #tamper(): Promise<void> {
    const { configFile, servers } = this.#cast
    this.#say(`An edit of the zone file on ${TAMPERED} changes an address behind the same serial. No SOA query can show it.`)
    await tamper(servers.get(TAMPERED)!, SMALL)
    const verify = ['verify', SMALL, '--node', TAMPERED, '--wait', '-c', configFile]
    this.#say(`The hub compares the content of the node with the released version.\n$ ${commandText(...verify)}`)
    await this.#expectStatus(verify, 1)
    const force = ['resync', SMALL, '--node', TAMPERED, '--strength', 'force', '--reason', 'tampered', '--wait', '-c', configFile]
    this.#say(`The hub orders ${TAMPERED}, over its control channel, to transfer the zone again.\n$ ${commandText(...force)}`)
    await this.#expectStatus(force, 0)
    this.#say(`And compares again.\n$ ${commandText(...verify)}`)
    await this.#expectStatus(verify, 0)
  }

  async #expectStatus(args: readonly string[], wanted: number): Promise<void> {
    const status = await runCommandShown(args)
    this.#signal.throwIfAborted()
    if (status !== wanted)
      throw new DemoError({ code: 'DEMO_VERIFY_FAILED', status }, `zonecast ${args[0]} ended with ${status} instead of ${wanted}`)
  }

  /** Checks that zonecast's own view matches the answers of the servers. */
  async #judge(): Promise<void> {
    const args = ['status', '-c', this.#cast.configFile]
    this.#say(`The view of zonecast.\n$ ${commandText(...args)}`)
    await runCommandShown(args)
    const status = await runCommandShown(['status', '--format', 'nagios', '-c', this.#cast.configFile])
    this.#signal.throwIfAborted()
    // 1 is a warning: hm1 is dead.
    if (status === null || status > 1)
      throw new DemoError({ code: 'DEMO_NOT_IN_SYNC' }, 'zonecast status does not report every node in sync')
  }

  #lookNext(): void {
    const { configFile, dashboard } = this.#cast
    this.#say(
      [
        'Next commands:',
        `  dashboard   ${dashboard}`,
        `  config      ${configFile}`,
        `  log         ${this.#cast.hub!.logFile}`,
        ...[['status'], ['why', SMALL, 'ams1'], ['history', LARGE], ['resync', SMALL, '--cloud', 'B', '--wait']].map(
          (args) => `  $ ${commandText(...args, '-c', configFile)}`,
        ),
      ].join('\n'),
    )
  }
}
