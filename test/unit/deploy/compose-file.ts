/** docker-compose.yml and the Dockerfile, parsed for tests. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface ComposeService {
  image?: string
  build?: { context: string; target: string }
  entrypoint?: string[]
  command?: string[]
  user?: string
  profiles?: string[]
  volumes?: string[]
  ports?: string[]
  networks?: { control: { ipv4_address: string } }
  network_mode?: string
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[]; disable?: boolean }
  cap_drop?: string[]
  read_only?: boolean
}

export interface ComposeFile {
  services: Record<string, ComposeService>
  volumes: Record<string, unknown>
  networks: { control: { ipam: { config: { subnet: string }[] } } }
}

export const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as ComposeFile

export const services = Object.entries(compose.services)

/** Services of one image. */
export const builtFrom = (target: string): [string, ComposeService][] =>
  services.filter(([, { build }]) => build?.target === target)

/** On the control network, without Redis. */
export const addressOf = (service: string): string => compose.services[service]!.networks!.control!.ipv4_address

export interface Stage {
  name: string
  lines: string[]
}

/** The stages of the Dockerfile, each with its instructions; continued lines are joined. */
export const stages: Stage[] = readFileSync('Dockerfile', 'utf8')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, ' ')
  .split(/^(?=FROM )/m)
  .slice(1)
  .map((text) => {
    const lines = text.split('\n').filter((line) => line !== '')
    return { name: / AS (\S+)$/.exec(lines[0]!)![1]!, lines }
  })

export const stageNamed = (name: string): Stage => stages.find((stage) => stage.name === name)!
