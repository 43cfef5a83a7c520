/** `npm run fuzz -- [seconds] [--seed N] [--from ROUND]`: ten minutes unless told otherwise. Exit status 1 on a finding. */
import { parseArgs } from 'node:util'
import { describeFinding, fuzz } from './fuzz.js'

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, from: { type: 'string' } },
  allowPositionals: true,
})
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
const seconds = Number(positionals[0] ?? 600)
console.log(`seed ${seed}, ${seconds} s`)
const { rounds, finding } = await fuzz({ seed, seconds, from: Number(values.from ?? 0) })
console.log(`${rounds} rounds`)
if (finding) {
  console.error(describeFinding(seed, finding))
  process.exitCode = 1
}
