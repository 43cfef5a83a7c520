/** The fleet of a rehearsal: one zone, one primary, and nodes with and without a key, which transfer in both manners. */
import { randomBytes } from 'node:crypto'
import type { Config, NodeConfig } from '../../../config/config.js'
import { checkSettingsFor, checksSchema } from '../../../config/checks-schema.js'
import { rolloutRulesOf, rolloutSchema } from '../../../config/rollout-schema.js'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { RehearsedNode } from './rehearsed-node.js'
import { RehearsedPrimary } from './rehearsed-primary.js'
import { ZONE } from './zone-of-rehearsal.js'

const NODES = 16
const CLOUD = 'rehearsal'
const ALGORITHM = 'hmac-sha256'

export class RehearsedFleet {
  readonly primary = new RehearsedPrimary('127.0.0.1')
  readonly nodes: readonly RehearsedNode[]
  /** The secrets of every second node, by the name of its key. */
  readonly #secrets = new Map<string, Buffer>(Array.from({ length: NODES / 2 }, (_, i) => [keyOf(2 * i), randomBytes(32)]))

  constructor() {
    this.nodes = Array.from({ length: NODES }, (_, i) => {
      const name = keyOf(i)
      const secret = this.#secrets.get(name)
      const key = secret === undefined ? undefined : new TsigKey(name, ALGORITHM, secret)
      return new RehearsedNode(addressOf(i), { key, connects: i % 4 >= 2 })
    })
  }

  /** Opens its sockets. Returns `config` with this fleet alone, as the loader makes it. Rejects where addresses are missing. */
  async open(config: Config): Promise<Config> {
    const primary = await this.primary.open()
    const paths = await Promise.all(this.nodes.map((node) => node.open()))
    const name = parseZoneName(ZONE)
    const zone = {
      primaries: ['primary'],
      clouds: [CLOUD],
      refresh: { minMs: 3_600_000, maxMs: 3_600_000 },
      limits: {},
      checks: checkSettingsFor(checksSchema.parse({}), [])(name),
    }
    return {
      ...config,
      hub: CLOUD,
      keys: new Map(Array.from(this.#secrets, ([id, secret]) => [id, { id, name: id, algorithm: ALGORITHM, secret }])),
      primaries: new Map([['primary', { id: 'primary', address: primary, key: undefined, oldKeys: [], tls: undefined }]]),
      hubs: new Map(),
      clouds: new Map([[CLOUD, { id: CLOUD, addresses: ['192.0.2.53'], prefixes: [] }]]),
      nodes: new Map(paths.map((path, i) => [`n${i}`, this.#settingsOf(i, path)])),
      zones: new Map([[name, zone]]),
      catalogs: { consumed: new Map(), published: new Map(), order: [] },
      rollout: rolloutRulesOf(rolloutSchema.parse({})),
    }
  }

  #settingsOf(i: number, path: Endpoint): NodeConfig {
    const key = keyOf(i)
    return {
      id: `n${i}`,
      cloud: CLOUD,
      cluster: undefined,
      site: undefined,
      paths: [path],
      key: this.#secrets.has(key) ? key : undefined,
      oldKeys: [],
      tls: undefined,
      transits: [],
      kind: undefined,
      identity: undefined,
      control: undefined,
      verify: undefined,
    }
  }

  follow(hub: Endpoint): void {
    for (const node of this.nodes) node.follow(hub)
  }

  async close(): Promise<void> {
    await Promise.all([this.primary, ...this.nodes].map((each) => each.close()))
  }
}

const keyOf = (i: number): string => `n${i}.rehearsal`

/** Nodes without a key differ by their addresses: all of 127.0.0.0/8 is loopback (RFC 1122 §3.2.1.3). */
const addressOf = (i: number): string => `127.0.0.${i + 2}`
