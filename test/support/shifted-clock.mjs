/** Preloaded into a hub: shifts its wall clock by the milliseconds in the file that ZONECAST_TEST_CLOCK names. */
import { readFileSync } from 'node:fs'

const file = process.env.ZONECAST_TEST_CLOCK
const real = Date.now.bind(Date)
let offset = 0
const read = () => {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0
  } catch {
    offset = 0
  }
}
read()
setInterval(read, 50).unref()
Date.now = () => real() + offset
