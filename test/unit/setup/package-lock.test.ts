/** Rules for package-lock.json: `npm ci` installs the same octets on every machine, from any registry. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

interface LockedPackage {
  integrity?: string
  resolved?: string
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> }
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

describe('package-lock.json', () => {
  it('has a hash of every package, those of other platforms included', () => {
    const without = packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)
    expect(without).to.deep.equal([])
    expect(packages.length).to.be.greaterThan(100)
  })

  it('names no registry', () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).to.deep.equal([])
  })
})
