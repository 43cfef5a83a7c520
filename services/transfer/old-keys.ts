/** Notes that a peer still signs with a key that is being replaced, so that an operator knows when it can go. */
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import type { Remote } from '../../lib/fleet/remote.js'
import { type KeyUser, keyUseKey } from '../../lib/state/tables.js'
import type { Asker } from './offers.js'
import type { TransferParts } from './parts.js'

/** Interval at which the time of the last use is written for the other processes. */
const WRITE_MS = 10_000

type Peer = Pick<Remote, 'id' | 'key' | 'oldKeys'>

export class OldKeys {
  readonly #parts: Pick<TransferParts, 'board' | 'clock' | 'log' | 'metrics'>

  constructor(parts: Pick<TransferParts, 'board' | 'clock' | 'log' | 'metrics'>) {
    this.#parts = parts
  }

  noteAsker({ nodes, peers }: Fleet, asker: Asker, used: TsigKey | undefined): void {
    if (used === undefined) return
    if (asker.kind === 'nodes') for (const id of asker.nodes) this.#note('node', nodes.get(id), used)
    else
      this.#note(
        'hub',
        peers.find(({ id }) => id === asker.id),
        used,
      )
  }

  /** `peers`: those that the sender can be. */
  note(kind: KeyUser, peers: readonly Peer[], used: TsigKey | undefined): void {
    if (used !== undefined) for (const peer of peers) this.#note(kind, peer, used)
  }

  #note(kind: KeyUser, peer: Peer | undefined, used: TsigKey): void {
    if (peer?.oldKeys === undefined || peer.key?.equals(used) === true) return
    const { board, clock, log, metrics } = this.#parts
    const name = peer.oldKeys.find((old) => old.equals(used))?.id ?? used.id
    metrics.oldKeyUses.inc({ peer: peer.id, key: name })
    const place = keyUseKey(kind, peer.id, name)
    const last = board.get('keyUses', place)
    const now = clock.now()
    if (last !== undefined && Math.abs(now - last.usedAt) < WRITE_MS) return
    board.set('keyUses', place, { at: now, usedAt: now })
    if (last === undefined) log.info({ op: 'tsig', [kind]: peer.id, key: name }, 'old key in use')
  }
}
