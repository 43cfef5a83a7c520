/** The one contract of everything that runs: start, finish, stop. To stop, a service lets go of all it holds. */
export interface Service {
  /** For the log and readyz. */
  readonly name: string
  start(): Promise<void>
  /** Takes on no new work, finishes or hands back what it has. Resolves when idle or after `graceMs`. */
  finish(graceMs: number): Promise<void>
  stop(): Promise<void>
}
