/** The tables of packed pairs, each with its pages in Redis and its channel (page-sync.ts). */
import type { Board } from './board.js'
import { PageSync, type PageSyncParts } from './page-sync.js'

/** Channels of the pages between processes. */
export const PAGE_CHANNELS = ['zonecast:pages', 'zonecast:verified-pages'] as const

export interface PackedSyncParts extends Omit<PageSyncParts, 'table' | 'hash' | 'channel' | 'onAdopted'> {
  board: Board
  /** The pair is packed: its cell is gone. */
  dropPacked: (...pair: Parameters<Board['tellPair']>) => void
}

export class PackedSync {
  readonly #pairs: PageSync
  readonly #verified: PageSync

  constructor({ board, dropPacked, ...parts }: PackedSyncParts) {
    this.#pairs = new PageSync({
      ...parts,
      table: board.pairs,
      hash: 'zonecast:pairs',
      channel: PAGE_CHANNELS[0],
      onAdopted: (zone, node) => board.tellPair(zone, node),
    })
    this.#verified = new PageSync({
      ...parts,
      table: board.verified,
      hash: 'zonecast:verified',
      channel: PAGE_CHANNELS[1],
      // The time of a verify that found nothing is no event.
      onAdopted: () => undefined,
    })
    board.pairs.onPacked = (zone, node, number) => {
      this.#pairs.note(node, number)
      dropPacked(zone, node)
    }
    board.verified.onNoted = (node, number) => this.#verified.note(node, number)
  }

  /** Reads all pages. Redis lost its data: `isEmpty` writes all again. */
  async load(isEmpty: boolean): Promise<void> {
    await this.#pairs.load(isEmpty)
    await this.#verified.load(isEmpty)
  }

  async publishUnwritten(): Promise<void> {
    await this.#pairs.publishUnwritten()
    await this.#verified.publishUnwritten()
  }

  /** A message on any channel. */
  async take(channel: Buffer, message: Buffer): Promise<void> {
    await this.#pairs.take(channel, message)
    await this.#verified.take(channel, message)
  }

  /** Writes all changed pages. */
  async stop(): Promise<void> {
    await this.#pairs.stop()
    await this.#verified.stop()
  }
}
