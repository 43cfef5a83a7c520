/** The contract of all services: start, finish, stop. `stop` releases all resources. */
export interface Service {
  /** For the log and readyz. */
  readonly name: string
  start(): Promise<void>
  /** Accepts no new work, and finishes or hands back its current work. Resolves when idle or after `graceMs`. */
  finish(graceMs: number): Promise<void>
  stop(): Promise<void>
}
