/** The config of the demo's hub: written as an operator would write it, because users read it. */
import type { LabChannel, LabKey } from '../../lab/server.js'
import { CLOUD_ADDRESSES, type Make } from './cast.js'

export interface HubSketch {
  apiPort: number
  transferPort: number
  primaryKey: LabKey
  primaries: readonly { id: string; ip: string; port: number }[]
  nodes: readonly {
    id: string
    cloud: string
    site: string
    make: Make
    ip: string
    port: number
    key: LabKey
    channel: LabChannel
  }[]
  zones: readonly string[]
}

const keyLine = ({ name, algorithm, secret }: LabKey): string => `  ${name}: { algorithm: ${algorithm}, secret: ${secret} }`
/** The key of an rndc channel has the name of its node. */
const channelKey = (id: string): string => `${id}-rndc`

function controlText(id: string, channel: LabChannel): string {
  const settings = 'rndc' in channel ? { ...channel, key: channelKey(id) } : channel
  return Object.entries(settings)
    .map(([name, value]) => `${name}: "${value}"`)
    .join(', ')
}

const list = (addresses: readonly string[]): string => `[${addresses.map((address) => `"${address}"`).join(', ')}]`

export function hubConfigText({ apiPort, transferPort, primaryKey, primaries, nodes, zones }: HubSketch): string {
  const rndcKeys = nodes.flatMap(({ id, channel }) => ('rndc' in channel ? [{ ...channel.key, name: channelKey(id) }] : []))
  return `# Written by zonecast demo; deleted when it ends.
hub: demo
dataDir: ./data
api: { listen: 127.0.0.1:${apiPort} }
transfer: { listen: [127.0.0.1:${transferPort}] }

keys:
${[primaryKey, ...nodes.map(({ key }) => key), ...rndcKeys].map(keyLine).join('\n')}

primaries:
${primaries.map(({ id, ip, port }) => `  ${id}: { address: ${ip}:${port}, key: ${primaryKey.name} }`).join('\n')}

clouds:
${Object.entries(CLOUD_ADDRESSES)
  .map(([id, addresses]) => `  ${id}: { addresses: ${list(addresses)} }`)
  .join('\n')}

nodes:
${nodes
  .map(
    ({ id, cloud, site, make, ip, port, key, channel }) =>
      `  ${id}: { cloud: ${cloud}, site: ${site}, kind: ${make}, address: ${ip}:${port}, key: ${key.name},\n    control: { ${controlText(id, channel)} } }`,
  )
  .join('\n')}

zones:
${zones.map((name) => `  - { name: ${name} }`).join('\n')}

defaults:
  # Knot before 3.4 waits a second or two before its NOTIFY; frequent polls find a change sooner.
  refresh: { min: 200ms, max: 200ms }
`
}
