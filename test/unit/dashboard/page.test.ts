/** The page's files: each exists, needs no other server, and is allowed by a policy without inline code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect } from 'chai'

const FOLDER = 'services/api/dashboard'
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => /\.\w+$/.test(file))
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8')
const SCRIPTS = FILES.filter((file) => file.endsWith('.js'))
const PAGE = read('index.html')

describe("the page's files", () => {
  it('include every style sheet and file that index.html names', () => {
    const named = [...PAGE.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, file]) => file!)
    for (const file of named) expect(existsSync(join(FOLDER, file)), file).to.equal(true)
    expect(named).to.include.members(FILES.filter((file) => file.endsWith('.css')))
  })

  it('have no inline script, style or listener in index.html', () => {
    expect(PAGE).to.not.match(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i)
  })

  it('have every element that a script uses', () => {
    const asked = SCRIPTS.flatMap((file) => [...read(file).matchAll(/byId\('([^']+)'/g)].map(([, id]) => id!))
    expect(asked).to.not.be.empty
    for (const id of asked) expect(PAGE, id).to.include(`id="${id}"`)
  })

  it('have scripts that import from their own folder alone', () => {
    for (const file of SCRIPTS)
      for (const [, from] of read(file).matchAll(/^import\s[^'"]*['"]([^'"]+)['"]/gm)) {
        expect(from, file).to.match(/^\.\.?\/([a-z]+\/)?[a-z-]+\.js$/)
        const path = normalize(join(dirname(file), from!))
        expect(path.startsWith('..'), `${file} imports ${from}`).to.equal(false)
        expect(existsSync(join(FOLDER, path)), `${file} imports ${from}`).to.equal(true)
      }
  })

  it('turn no text into markup or code', () => {
    const doors =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setAttribute\('(style|on)|srcdoc/
    for (const file of SCRIPTS) expect(read(file), file).to.not.match(doors)
  })

  it('send requests to no other server', () => {
    for (const file of FILES)
      expect(read(file).replaceAll('http://www.w3.org/2000/svg', ''), file).to.not.match(/https?:\/\/|@import|url\(/)
  })

  it('start with their purpose, and are not too long', () => {
    for (const file of FILES.filter((name) => /\.(js|css|ts)$/.test(name))) {
      expect(read(file), file).to.match(/^\/\*/)
      expect(read(file).split('\n').length, file).to.be.at.most(301)
    }
  })
})
