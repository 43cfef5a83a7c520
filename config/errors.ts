/** The error for an unusable config: all of its mistakes at once, each with its place. */
import { type NextMove, ZonecastError } from '../lib/errors.js'

export type FindingCode =
  | 'CONFIG_FILE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_DUPLICATE'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_MISSING'
  | 'CONFIG_VALUE'
  | 'CONFIG_SECRET'
  | 'CONFIG_DANGLING'
  | 'CONFIG_OPEN_API'
  | 'CONFIG_ANYCAST_CONTROL'
  | 'CONFIG_ONE_PRIMARY'
  | 'CONFIG_ONE_NODE'
  | 'CONFIG_NO_NODES'
  | 'CONFIG_UNUSED'
  | 'CONFIG_ODD_NAME'
  | 'CONFIG_RENAMED'
  | 'CONFIG_SECRET_READABLE'
  | 'CONFIG_WEBHOOK_LOCAL'
  | 'CONTROL_KIND'
  | 'CONTROL_NO_KIND'
  | 'CONTROL_FILE'
  | 'CONTROL_SOCKET'
  | 'CONFIG_CERTIFICATE'
  | 'CONFIG_WEAK_KEY'
  | 'CATALOG_ONE_PRIMARY'
  | 'CATALOG_NSD_ONE'
  | 'CATALOG_POWERDNS_KEY'
  | 'WEAK_API'
  | 'WEAK_TOKEN'
  | 'TOKEN_EXPIRES'
  | 'WEAK_REDIS'
  | 'WEAK_KEY'
  | 'KEY_ROLLING'
  | 'CERT_EXPIRES'
  | 'CERT_CRITICAL'
  | 'WEAK_SECRET'
  | 'WEAK_LINK'
  | 'WEAK_LISTEN'
  | 'WEAK_WEBHOOK'
  | 'WEAK_CHECKS'
  | 'WEAK_LOG'
  | 'TOPOLOGY_SINGLE_POINT'
  | 'TOPOLOGY_NO_PATH'
  | 'TOPOLOGY_UNPLACED'
  | 'TOPOLOGY_PRIMARIES_TOGETHER'
  | 'TOPOLOGY_TRANSITS'
  | 'TOPOLOGY_SHARED_SITES'
  | 'TOPOLOGY_SHARED_PREFIX'

export interface Place {
  file: string
  line: number
  column: number
}

/** A thing of the topology that a finding concerns, so that a picture can mark it. */
export interface Subject {
  kind: 'site' | 'link' | 'risk' | 'hub' | 'primary' | 'node' | 'cloud'
  name: string
}

export interface Finding extends Place {
  code: FindingCode
  severity: 'error' | 'warning'
  /** A lower-case sentence: the mistake and its fix. Never holds a secret. */
  message: string
  /** The things that the finding concerns, the main one first; undefined when there is none. */
  about?: readonly Subject[]
}

/** `zonecast.yaml:3:7: unknown key …` */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}:${finding.column}: ${finding.message}`
}

export class ConfigError extends ZonecastError<{ code: 'CONFIG_INVALID'; mistakes: Finding[] }> {
  override readonly name = 'ConfigError'
  readonly mistakes: Finding[]

  constructor(mistakes: Finding[]) {
    const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`
    super({ code: 'CONFIG_INVALID', mistakes }, [`the config has ${count}:`, ...mistakes.map(formatFinding)].join('\n  '))
    this.mistakes = mistakes
  }

  /** Not retryable: the same file gives the same mistakes. */
  override get nextMove(): NextMove {
    return 'operator'
  }
}
