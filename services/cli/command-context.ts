/** The context that each command gets, and the options that commands share. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Config } from '../../config/config.js'
import type { VantageConfig } from '../../config/vantage.js'
import { NODE_STATES, type NodeState } from '../../lib/fleet/node-state.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { ApiClient, type HubChoice } from './api-client.js'
import type { Terminal } from './terminal.js'

/** The hub as `start` uses it; implemented in services/hub/hub.ts. */
export interface RunningHub {
  start(): Promise<{ role: string; address: string }[]>
  reload(): Promise<unknown>
  stop(): Promise<void>
}

export interface HubModule<R extends string = string> {
  ROLES: readonly R[]
  Hub: new (config: Config, roles: readonly R[], log: Logger, worker?: string) => RunningHub
}

export interface DemoModule {
  /** Returns the exit status. */
  runDemo(options: { once: boolean }): Promise<number>
}

export interface VantageModule {
  startVantage(
    config: VantageConfig,
    log: Logger,
  ): { once(): Promise<boolean>; run(onRound: (isComplete: boolean) => void): Promise<void>; stop(): void }
}

/** Parts of the program that commands do not import: only the root joins services. */
export interface ProgramParts<R extends string = string> {
  loadHub(): Promise<HubModule<R>>
  loadDemo(): Promise<DemoModule>
  loadVantage(): Promise<VantageModule>
}

export interface CommandContext {
  terminal: Terminal
  parts: ProgramParts
  /** Sets an exit status other than 0. */
  setExit(status: number): void
}

export type AddCommand = (program: Command, context: CommandContext) => void

export const withConfig = (command: Command): Command =>
  command.option(
    '-c, --config <file>',
    'the config file (default: $ZONECAST_CONFIG, ./zonecast.yaml, /etc/zonecast/zonecast.yaml)',
  )

/** Adds the options of a command that calls a hub. */
export const withHub = (command: Command): Command =>
  withConfig(command)
    .option('--url <url>', 'URL of the hub (default: $ZONECAST_URL, or the hub of the config)')
    .option('--ca <file>', 'CAs that may issue its certificate, PEM (default: $ZONECAST_CA, or the public CAs)')
    .option('--cert <file>', 'client certificate, PEM (default: $ZONECAST_CERT)')
    .option('--key <file>', 'private key of the client certificate, PEM (default: $ZONECAST_KEY)')

export const clientOf = (command: Command): ApiClient => ApiClient.find(command.optsWithGlobals<HubChoice>())

/** For options that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value]

/** Parses a state of an option that may be repeated. Throws InvalidArgumentError, which commander turns into a sentence. */
export function stateArgument(value: string, before: readonly NodeState[]): NodeState[] {
  const state = NODE_STATES.find((each) => each === value)
  if (state === undefined) throw new InvalidArgumentError(`Allowed choices are ${NODE_STATES.join(', ')}.`)
  return [...before, state]
}

export const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
