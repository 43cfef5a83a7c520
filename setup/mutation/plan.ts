/** The groups of files that `npm run mutation` changes, and the unit tests that must notice. */

/** Least share of mutants that the tests of a group must kill, per cent. */
export const LEAST_KILLED = 85

/** Left out: refresh-zone, which the interop tests cover; and files that read, write or wait and decide nothing. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  fleet: ['fleet', 'node-content', 'node-state', 'primary-state', 'zone-view'].map((name) => `lib/fleet/${name}.ts`),
  refresh: [
    ...['answer-gaps', 'source-doubt', 'compare-apex', 'compare-primaries', 'primary-list'].map(
      (name) => `lib/refresh/${name}.ts`,
    ),
    'lib/observe/primary-cells.ts',
    'lib/state/expiry.ts',
    'services/worker/agreement.ts',
    'services/worker/primary-comparer.ts',
  ],
  release: [
    ...['gate', 'machine', 'probes', 'record', 'rollback', 'shared', 'stages'].map((name) => `lib/rollout/${name}.ts`),
    ...['release-decider', 'stage-watch'].map((name) => `lib/release/${name}.ts`),
  ],
  chain: ['services/api/chain.ts'],
}

/**
 * Folders of test/unit, and single files of them. The model tests are left out: each takes seconds, and others notice the same.
 */
export const TESTS: readonly string[] = [
  'fleet',
  'rollout',
  'api/chain',
  'observe/primary-cells.test.ts',
  'state/expiry.test.ts',
  ...['source-doubt', 'compare-apex', 'primary-list'].map((name) => `refresh/${name}.test.ts`),
  ...['release-decider', 'release-progress', 'stage-watch'].map((name) => `release/${name}.test.ts`),
  ...['agreement', 'primary-comparer', 'primary-objections', 'announced-serial', 'restored-in-a-gap', 'conflict-ends'].map(
    (name) => `worker/${name}.test.ts`,
  ),
]
