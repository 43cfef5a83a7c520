/** Reads process.env, as the only file that does; values are unchecked. */

export interface Environment {
  /** ZONECAST_CONFIG: the config file. */
  configFile: string | undefined
  /** ZONECAST_URL: the hub to call instead of the one in the config. */
  url: string | undefined
  /** ZONECAST_TOKEN: the bearer token for that hub. */
  token: string | undefined
  /** ZONECAST_VANTAGE: the name of a vantage point. */
  vantage: string | undefined
  /** ZONECAST_CA: a file with the CAs of that hub. */
  ca: string | undefined
  /** ZONECAST_CERT and ZONECAST_KEY: files with a client certificate and its key. */
  cert: string | undefined
  key: string | undefined
  /** NO_COLOR: true for any value but the empty one (no-color.org). */
  noColor: boolean
  /** Settings that the environment overrides, each with the name of its variable. */
  settings: Override[]
}

/** One setting from outside the file, and its source. */
export interface Override {
  path: readonly string[]
  value: unknown
  from: string
}

/** Variables that override settings, for containers that share one config file. */
export const SETTING_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  ZONECAST_HUB: ['hub'],
  ZONECAST_DATA_DIR: ['dataDir'],
  ZONECAST_REDIS: ['redis'],
  ZONECAST_API_LISTEN: ['api', 'listen'],
  ZONECAST_LOG_LEVEL: ['log', 'level'],
}

/** Treats an empty variable as unset: compose files pass an unset variable on as an empty one. */
const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  return {
    configFile: given(env.ZONECAST_CONFIG),
    url: given(env.ZONECAST_URL),
    token: given(env.ZONECAST_TOKEN),
    vantage: given(env.ZONECAST_VANTAGE),
    ca: given(env.ZONECAST_CA),
    cert: given(env.ZONECAST_CERT),
    key: given(env.ZONECAST_KEY),
    noColor: given(env.NO_COLOR) !== undefined,
    settings: Object.entries(SETTING_VARIABLES).flatMap(([from, path]) => {
      const value = given(env[from])
      return value === undefined ? [] : [{ path, value, from }]
    }),
  }
}

/** JOURNAL_STREAM: set by systemd where it connects standard output or error to the journal. */
export const journalStream = (): string | undefined => given(process.env.JOURNAL_STREAM)

/** NODE_OPTIONS: flags of Node.js. */
export const nodeOptions = (): string | undefined => given(process.env.NODE_OPTIONS)

/**
 * NOTIFY_SOCKET: where systemd expects messages (sd_notify(3)). Removes it, so that the hub's children do not report in its
 * place.
 */
export function takeNotifySocket(env: Record<string, string | undefined> = process.env): string | undefined {
  const socket = given(env.NOTIFY_SOCKET)
  delete env.NOTIFY_SOCKET
  return socket
}

/** The part of the environment that programs get which the hub starts. */
export const commandEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string | undefined>> => ({ PATH: env.PATH, HOME: env.HOME })
