/** An installation runs no script of a package, and the bill of materials names every package of the program. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

interface LockedPackage {
  version: string
  dev?: boolean
  devOptional?: boolean
  hasInstallScript?: boolean
  link?: boolean
}

interface Bom {
  bomFormat: string
  specVersion: string
  metadata: { component: { name: string; version: string; type: string } }
  components: { name: string; group?: string; version: string; purl: string; licenses?: unknown[]; hashes?: unknown[] }[]
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> }

describe('the installation', () => {
  it('runs no script of a package', () => {
    expect(readFileSync('.npmrc', 'utf8')).to.match(/^ignore-scripts=true$/m)
    const { stdout } = spawnSync('npm', ['config', 'get', 'ignore-scripts'], { encoding: 'utf8' })
    expect(stdout.trim()).to.equal('true')
    for (const file of ['setup/node-modules.mjs', 'Dockerfile', 'docs/operate/install.md'])
      expect(readFileSync(file, 'utf8'), file).to.match(/npm['", [\]]*ci\b[^\n]*--ignore-scripts|'ci', '--ignore-scripts'/)
  })

  it('needs none: each package that has one works without', () => {
    const wanting = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true)
    // esbuild is a plain program in a package of its platform; msgpackr reads without its addon.
    expect(wanting.map(([path]) => path)).to.have.members(['node_modules/esbuild', 'node_modules/msgpackr-extract'])
  })
})

describe('the bill of materials', function () {
  this.timeout(30_000)
  let bom: Bom

  before(() => {
    const { stdout, stderr, status } = spawnSync('npm', ['run', '--silent', 'sbom'], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    expect(status, stderr).to.equal(0)
    bom = JSON.parse(stdout) as Bom
  })

  it('is CycloneDX, about this program', () => {
    const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string }
    expect(bom.bomFormat).to.equal('CycloneDX')
    expect(bom.metadata.component).to.include({ name, version, type: 'application' })
  })

  it('has each package of the program once, and none of the tests', () => {
    const wanted = Object.entries(packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')} ${version}`)
    const found = bom.components.map(({ group, name, version }) => `${group === undefined ? '' : `${group}/`}${name} ${version}`)
    expect(new Set(found)).to.deep.equal(new Set(wanted))
    expect(found).to.include(`zod ${packages['node_modules/zod']!.version}`)
    expect(found.some((line) => line.startsWith('mocha '))).to.equal(false)
  })

  it('has the hash and the address of each', () => {
    for (const { name, hashes, purl } of bom.components) {
      expect(hashes, name).to.have.length(1)
      expect(purl, name).to.match(/^pkg:npm\//)
    }
  })
})
