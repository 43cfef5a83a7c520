/** The arguments of node that run the program zonecast: from its sources, or the build that `npm test` makes first. */
import { fileURLToPath } from 'node:url'

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const PROGRAMS = {
  source: ['--import', 'tsx', fileOf('services/main.ts')],
  built: [fileOf('dist/services/main.js')],
}

/** The program that tests start. The build starts in half the time; a person who runs one file may have changed a source since the last build. */
export const PROGRAM: readonly string[] = process.env.ZONECAST_TEST_BUILT === '1' ? PROGRAMS.built : PROGRAMS.source

/** The words that start a hub in a test: CI runs as root, and the hub refuses that by default. */
export const START: readonly string[] = ['start', '--allow-root']
