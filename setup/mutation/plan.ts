/** What `npm run mutation` changes, by group, and the unit tests that must notice. */

/** Least share of mutants that the tests of a group must kill, per cent. */
export const LEAST_KILLED = 85

/**
 * Left out, as they read, write or wait and decide nothing: transfer-client, threads and counters of lib/refresh, and refresh-zone,
 * which the interop tests cover.
 */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  fleet: ['fleet', 'node-content', 'node-state', 'primary-state', 'zone-view'].map((name) => `lib/fleet/${name}.ts`),
  refresh: ['source-doubt', 'compare-apex', 'compare-primaries', 'primary-cells', 'expiry', 'primary-list'].map(
    (name) => `lib/refresh/${name}.ts`,
  ),
  release: [
    ...['gate', 'machine', 'probes', 'record', 'rollback', 'shared', 'stages'].map((name) => `lib/rollout/${name}.ts`),
    ...['agreement', 'primary-comparer', 'release-decider', 'stage-watch'].map((name) => `services/worker/${name}.ts`),
  ],
  chain: ['services/api/chain.ts'],
}

/** Folders of test/unit, and single files of them. The model tests are left out: each takes seconds, and others notice the same. */
export const TESTS: readonly string[] = [
  'fleet',
  'rollout',
  'api/chain',
  ...['source-doubt', 'compare-apex', 'primary-cells', 'expiry', 'primary-list'].map((name) => `refresh/${name}.test.ts`),
  ...['agreement', 'primary-comparer', 'primary-objections', 'release-decider', 'release-progress', 'stage-watch'].map(
    (name) => `worker/${name}.test.ts`,
  ),
]
