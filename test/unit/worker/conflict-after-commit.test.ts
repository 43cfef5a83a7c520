/** Other content of a second primary under a new serial: kept with the version, and only with it. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NS = 'example. 60 NS ns1.example.'
const V1 = `S1\n${NS}\nS1`
const V2 = `S2\n${NS}\na.example. 60 A 192.0.2.1\nS2`
const OTHER_2 = `S2\n${NS}\nb.example. 60 A 192.0.2.2\nS2`

describe('other content of a second primary under a new serial', () => {
  const scratch = scratchDirs()
  let directory: string
  const files = (): string[] =>
    existsSync(join(directory, 'zone'))
      ? readdirSync(join(directory, 'zone')).filter((file) => /^(rival|incoming)-/.test(file))
      : []
  /** A scene with version 1 from hm1; both primaries serve serial 2 with different contents. */
  const torn = async (): Promise<RefreshScene> => {
    directory = scratch()
    const scene = new RefreshScene(directory)
    await scene.poll('hm1', 1)
    await scene.poll('hm2', 0)
    scene.answers = { 'hm1 axfr': V1 }
    await scene.refresh()
    await scene.poll('hm1', 2)
    await scene.poll('hm2', 2)
    scene.answers = { 'hm1 ixfr': V2, 'hm2 axfr': OTHER_2 }
    return scene
  }

  it('is kept when the version is committed', async () => {
    const scene = await torn()
    await scene.refresh()
    expect(scene.stored.conflicting.list.map(({ from, serial }) => `${from} ${serial}`)).to.deep.equal(['hm2 2'])
    expect([scene.cell?.conflicting, files().length]).to.deep.equal([['hm2'], 1])
    expect(scene.cell?.conflict).to.match(/under the same serial 2/)
  })

  it('leaves nothing behind when the commit fails', async () => {
    const scene = await torn()
    scene.decision = new Error('the checks crashed')
    await scene.refresh().catch(() => undefined)
    await scene.stored.tidy({ versions: 10, octets: 1e9, since: 0, inUse: new Set() })
    expect([scene.serial, scene.stored.conflicting.list, scene.cell?.conflict, files()]).to.deep.equal([1, [], undefined, []])
    scene.decision = undefined
    await scene.poll('hm2', undefined)
    scene.answers = { 'hm1 ixfr': OTHER_2 }
    await scene.refresh()
    expect([scene.serial, scene.stored.conflicting.list, scene.cell?.conflict]).to.deep.equal([2, [], undefined])
  })

  it('is not kept under a version with another serial, or with the same content', async () => {
    const scene = await torn()
    await scene.refresh()
    const { contents } = scene.stored.draft(await scene.stored.contents())
    expect(await scene.stored.conflicting.keep(scene.stored.draft(contents), 'hm3', 1)).to.equal(false)
    await scene.poll('hm1', 3)
    scene.answers = { 'hm1 axfr': `S3\n${NS}\nS3` }
    await scene.refresh()
    expect(await scene.stored.conflicting.keep(scene.stored.draft(contents), 'hm3', 1)).to.equal(false)
    expect(scene.stored.conflicting.list).to.deep.equal([])
  })
})
