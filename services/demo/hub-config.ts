/** The config of the demo's hub: written as an operator would write it, because users read it. */
import type { LabKey } from '../../lab/server.js'
import { CLOUD_ADDRESSES } from './cast.js'

export interface HubSketch {
  apiPort: number
  transferPort: number
  primaryKey: LabKey
  primaries: readonly { id: string; ip: string; port: number }[]
  nodes: readonly { id: string; cloud: string; site: string; ip: string; port: number; key: LabKey }[]
  zones: readonly string[]
}

const keyLine = ({ name, algorithm, secret }: LabKey): string => `  ${name}: { algorithm: ${algorithm}, secret: ${secret} }`
const list = (addresses: readonly string[]): string => `[${addresses.map((address) => `"${address}"`).join(', ')}]`

export function hubConfigText({ apiPort, transferPort, primaryKey, primaries, nodes, zones }: HubSketch): string {
  return `# Written by zonecast demo; deleted when it ends.
hub: demo
dataDir: ./data
api: { listen: 127.0.0.1:${apiPort} }
transfer: { listen: [127.0.0.1:${transferPort}] }

keys:
${[primaryKey, ...nodes.map(({ key }) => key)].map(keyLine).join('\n')}

primaries:
${primaries.map(({ id, ip, port }) => `  ${id}: { address: ${ip}:${port}, key: ${primaryKey.name} }`).join('\n')}

clouds:
${Object.entries(CLOUD_ADDRESSES)
  .map(([id, addresses]) => `  ${id}: { addresses: ${list(addresses)} }`)
  .join('\n')}

nodes:
${nodes
  .map(
    ({ id, cloud, site, ip, port, key }) =>
      `  ${id}: { cloud: ${cloud}, site: ${site}, address: ${ip}:${port}, key: ${key.name} }`,
  )
  .join('\n')}

zones:
${zones.map((name) => `  - { name: ${name} }`).join('\n')}

defaults:
  # Knot before 3.4 waits a second or two before its NOTIFY; frequent polls find a change sooner.
  refresh: { min: 200ms, max: 200ms }
`
}
