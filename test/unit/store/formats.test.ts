/** Every released format of the data directory is read exactly; this version writes the newest. */
import { expect } from 'chai'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseZoneName } from '../../../lib/dns/name.js'
import { STORE_FORMAT } from '../../../lib/store/data-dir-lock.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { zoneText } from '../../../lib/zone/zone-text.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const ZONE = parseZoneName('kept.example')

interface Expected {
  versions: { version: { serial: number; digest: string }; lines: string[] }[]
  orders: unknown
}

describe('data directories of released formats', () => {
  const scratch = scratchDirs()
  const formats = readdirSync(FIXTURES).flatMap((name) => /^data-format-(\d+)$/.exec(name)?.[1] ?? [])

  it('include one of the format that is written', () => {
    expect(formats.map(Number)).to.include(STORE_FORMAT)
  })

  for (const format of formats)
    it(`have every version, its difference sequences and the orders in format ${format}`, async () => {
      const kept = join(FIXTURES, `data-format-${format}`)
      const folder = scratch()
      cpSync(kept, folder, { recursive: true })
      const expected = JSON.parse(readFileSync(join(kept, 'expected.json'), 'utf8')) as Expected
      const store = ZoneStore.open({ dataDir: folder, hub: 'kept', mode: 'write', warmOctets: 1 << 20 }, [ZONE])
      try {
        expect(store.damages).to.deep.equal([])
        const zone = store.zone(ZONE)
        expect(JSON.parse(JSON.stringify(zone.orders))).to.deep.equal(expected.orders)
        expect(zone.versions).to.have.lengthOf(expected.versions.length)
        for (const [i, { version, lines }] of expected.versions.entries()) {
          expect(JSON.parse(JSON.stringify(zone.versions[i]))).to.deep.include(version)
          const contents = await zone.copyOf(zone.versions[i]!)
          expect(contents.digest).to.equal(version.digest)
          expect([...zoneText(contents.soa.stored, contents.view())].join('').trim().split('\n').sort()).to.deep.equal(lines)
        }
      } finally {
        await store.close()
      }
    })
})
