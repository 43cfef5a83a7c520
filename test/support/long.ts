/** `npm run soak` runs the long form of the tests of faults, `npm test` a short one. */
const IS_LONG = process.env.ZONECAST_TEST_LONG !== undefined

/** The amount of work in this run: one in the long form, one in the short form; the environment variable `name` overrides both. */
export const amount = (name: string, { long, short }: { long: number; short: number }): number =>
  Number(process.env[name] ?? (IS_LONG ? long : short))

/** The short form uses some of several similar cases. */
export const someOf = <T>(cases: readonly T[], isInShort: (one: T) => boolean): T[] =>
  cases.filter((one) => IS_LONG || isInShort(one))
