/** A Redis that fails over: a master, a replica, and three Sentinels that agree by two. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPort } from './ports.js'
import { startRedis } from './redis.js'
import { runCommand } from './run-command.js'
import { type LabServer, launchServer, makeServerFolder } from './server.js'

const IP = '127.0.0.1'

export interface LabSentinels {
  /** The name of the group. */
  readonly name: string
  readonly addresses: string[]
  readonly servers: LabServer[]
  /** The member of `servers` that is master now, by the answer of the Sentinels. */
  master(): Promise<LabServer>
  stop(): Promise<void>
}

/** `downAfterMs`: silence after which a Sentinel considers the master down. */
export async function startSentinels(downAfterMs = 1_000): Promise<LabSentinels> {
  const name = 'lab-group'
  const servers: LabServer[] = [await startRedis({ name: 'redis-1' }), await startRedis({ name: 'redis-2' })]
  const [first, second] = servers as [LabServer, LabServer]
  await second.control('REPLICAOF', IP, String(first.port))
  const sentinels = await Promise.all([1, 2, 3].map((i) => startSentinel(`sentinel-${i}`, name, first.port, downAfterMs)))
  const master = async (): Promise<LabServer> => {
    const answer = await sentinels[0]!.control('SENTINEL', 'get-master-addr-by-name', name)
    const port = Number(answer.trim().split('\n')[1])
    return servers.find((server) => server.port === port)!
  }
  return {
    name,
    addresses: sentinels.map(({ port }) => `${IP}:${port}`),
    servers,
    master,
    stop: async () => {
      await Promise.allSettled([...sentinels, ...servers].map((server) => server.stop()))
    },
  }
}

async function startSentinel(name: string, group: string, masterPort: number, downAfterMs: number): Promise<LabServer> {
  const port = await findPort(IP)
  const folder = makeServerFolder(name)
  const config = join(folder, 'sentinel.conf')
  // A Sentinel writes its knowledge into its own config.
  writeFileSync(
    config,
    [
      `port ${port}`,
      `bind ${IP}`,
      `dir ${folder}`,
      `sentinel monitor ${group} ${IP} ${masterPort} 2`,
      `sentinel down-after-milliseconds ${group} ${downAfterMs}`,
      `sentinel failover-timeout ${group} 5000`,
      '',
    ].join('\n'),
  )
  const control = (...command: string[]): Promise<string> => runCommand('redis-cli', ['-h', IP, '-p', String(port), ...command])
  return await launchServer({
    kind: 'redis',
    name,
    ip: IP,
    port,
    folder,
    command: ['redis-server', config, '--sentinel'],
    // It can fail over only if it knows its siblings and the replica.
    isReady: async () => {
      try {
        const said = await control('SENTINEL', 'master', group)
        const lines = said.split('\n')
        const field = (label: string): number => Number(lines[lines.indexOf(label) + 1])
        return field('num-slaves') >= 1 && field('num-other-sentinels') >= 2
      } catch {
        return false
      }
    },
    control,
  })
}
