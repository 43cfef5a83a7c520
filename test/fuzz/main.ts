/**
 * `npm run fuzz -- [seconds] [--seed N] [--from ROUND] [--target FAMILY]`: ten minutes unless another time is given, shared by
 * all families of targets. Exit status 1 on a finding.
 */
import { parseArgs } from 'node:util'
import { FAMILIES } from './families.js'
import { describeFinding, fuzz } from './fuzz.js'

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, from: { type: 'string' }, target: { type: 'string' } },
  allowPositionals: true,
})
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
const seconds = Number(positionals[0] ?? 600)
const families = values.target === undefined ? Object.keys(FAMILIES) : [values.target]
if (!(seconds > 0) || !Number.isInteger(seed) || !families.every((family) => Object.hasOwn(FAMILIES, family))) {
  console.error(`usage: npm run fuzz -- [seconds] [--seed N] [--from ROUND] [--target ${Object.keys(FAMILIES).join('|')}]`)
  process.exit(2)
}
console.log(`seed ${seed}, ${seconds} s`)
for (const family of families) {
  const { rounds, finding } = await fuzz({ family, seed, seconds: seconds / families.length, from: Number(values.from ?? 0) })
  console.log(`${family}: ${rounds} rounds`)
  if (!finding) continue
  console.error(describeFinding(seed, finding))
  process.exitCode = 1
}
