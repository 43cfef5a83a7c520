/** A program: acquires the lock of a data directory at a given time, prints the result, and keeps the lock until all others have tried. */
import { lockForWriting } from '../../lib/store/data-dir-lock.js'
import { StoreError } from '../../lib/store/errors.js'

const [dataDir, startAt] = process.argv.slice(2)
while (Date.now() < Number(startAt)) {
  // All start in the same millisecond.
}
try {
  lockForWriting(dataDir!)
  process.stdout.write('locked')
} catch (error) {
  process.stdout.write(error instanceof StoreError ? error.code : String(error))
}
setTimeout(() => undefined, 1_000)
