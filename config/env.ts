/** The only file that reads process.env: what was asked of us through the environment, unchecked. */

export interface Environment {
  /** ZONECAST_CONFIG: the config file. */
  configFile: string | undefined
  /** ZONECAST_URL: a hub to talk to instead of the one the config describes. */
  url: string | undefined
  /** ZONECAST_TOKEN: the bearer token for it. */
  token: string | undefined
  /** NO_COLOR, whatever its value unless empty (no-color.org). */
  noColor: boolean
  /** Settings the environment overrides, each with the name of its variable. */
  settings: Override[]
}

/** One setting from outside the file, and where it came from. */
export interface Override {
  path: readonly string[]
  value: unknown
  from: string
}

/** Variables that stand for settings, for containers that share one config file. */
export const SETTING_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  ZONECAST_HUB: ['hub'],
  ZONECAST_DATA_DIR: ['dataDir'],
  ZONECAST_REDIS: ['redis'],
  ZONECAST_API_LISTEN: ['api', 'listen'],
  ZONECAST_LOG_LEVEL: ['log', 'level'],
}

/** An empty variable counts as unset: that is how compose files pass one on that nobody gave. */
const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  return {
    configFile: given(env.ZONECAST_CONFIG),
    url: given(env.ZONECAST_URL),
    token: given(env.ZONECAST_TOKEN),
    noColor: given(env.NO_COLOR) !== undefined,
    settings: Object.entries(SETTING_VARIABLES).flatMap(([from, path]) => {
      const value = given(env[from])
      return value === undefined ? [] : [{ path, value, from }]
    }),
  }
}

/** All that commands of the operator's get of our environment. */
export const commandEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string | undefined>> => ({ PATH: env.PATH, HOME: env.HOME })
