/** Folders of zones: unique names, from which ordinary zones are found again. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { folderName, zoneOfFolder, zonesOnDisk } from '../../../lib/store/zone-folder.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NAMES = ['.', 'example.com.', '0/25.2.0.192.in-addr.arpa.', '_tcp._udp.example.', 'a-0123456789ab.example.'].map(
  parseZoneName,
)

describe('the folder of a zone', () => {
  const scratch = scratchDirs()

  for (const name of NAMES) it(`names its zone: ${name}`, () => expect(zoneOfFolder(folderName(name))).to.equal(name))

  for (const name of ['a\\.b.example.', `${'_'.repeat(9)}.example.`, `${'a'.repeat(63)}.${'b'.repeat(63)}.`].map(parseZoneName))
    it(`does not name a zone with unusual or many characters: ${name}`, () =>
      expect(zoneOfFolder(folderName(name))).to.equal(undefined))

  it('is one of those on disk, besides others', async () => {
    const dataDir = scratch()
    for (const folder of [...NAMES.map(folderName), 'lost+found']) mkdirSync(join(dataDir, 'zones', folder), { recursive: true })
    expect(await zonesOnDisk(dataDir)).to.have.members(NAMES)
  })
})
