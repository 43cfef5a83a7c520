/** `npm run soak` runs the long form of the tests of faults, `npm test` a short one. */
const IS_LONG = process.env.ZONECAST_TEST_LONG !== undefined

/** What this run does: so much in the long form, so much in the short one; `name` is the environment variable that says otherwise. */
export const amount = (name: string, { long, short }: { long: number; short: number }): number =>
  Number(process.env[name] ?? (IS_LONG ? long : short))

/** Of cases that are alike the short form takes some. */
export const someOf = <T>(cases: readonly T[], isInShort: (one: T) => boolean): T[] =>
  cases.filter((one) => IS_LONG || isInShort(one))
