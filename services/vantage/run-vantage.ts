/** Puts the parts of a vantage point together. */
import type { VantageConfig } from '../../config/vantage.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { Querier } from '../../lib/transport/querier.js'
import { TcpPool } from '../../lib/transport/tcp-pool.js'
import { UdpAsker } from '../../lib/transport/udp-asker.js'
import { HubLink } from './hub-link.js'
import { VantagePoint } from './vantage-point.js'

const CONNECTIONS = { perServer: 16, total: 64 }

export interface RunningVantage {
  /** One round; true when every hub took every report. */
  once(): Promise<boolean>
  /** Rounds until `stop`; `onRound` as in VantagePoint. */
  run(onRound: (isComplete: boolean) => void): Promise<void>
  stop(): void
}

export function startVantage({ name, hubs, token, ca }: VantageConfig, log: Logger): RunningVantage {
  const udp = new UdpAsker([])
  const tcp = new TcpPool([], CONNECTIONS)
  const point = new VantagePoint({
    querier: new Querier(udp, tcp),
    hubs: hubs.map((url) => new HubLink({ url, name, token, ca, log })),
  })
  const close = (): void => {
    tcp.close()
    udp.close()
  }
  return {
    once: async () => (await point.round().finally(close)).isComplete,
    run: (onRound) => point.run(onRound).finally(close),
    stop: () => {
      point.stop()
      close()
    },
  }
}
