/** The rules of rollouts, of all zones or of some. */

/** One stage in the config: nodes by name, a cloud, or a share of a cloud. */
export interface StageRule {
  nodes?: readonly string[] | undefined
  cloud?: string | undefined
  /** Share of the cloud's nodes, 1 to 100, including those in earlier stages; rounded up. */
  percent?: number | undefined
  soakMs: number
  mayLack: number
}

export interface RolloutRules {
  /** Empty: every node at once. */
  stages: readonly StageRule[]
  /** Effect of a newer version that comes while a rollout is under way. */
  newer: 'supersede' | 'wait'
  /** A stage that is not confirmed after so long has failed. */
  deadlineMs: number
  /** Number of changed names in the probes of each node of a stage. */
  probeNames: number
  probe: boolean
}
