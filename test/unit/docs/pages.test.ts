/** Names in the handwritten pages exist: files, functions, commands, headings. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import type { Command } from 'commander'
import { expect } from 'chai'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import { commandFacts } from '../../../services/cli/manual/command-facts.js'
import { describedProgram } from '../../../services/cli/program.js'

/** Every page of the project: those of the root, and all below docs/ and deploy/. */
const pagesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`)
const PAGES = [...readdirSync('.').filter((file) => file.endsWith('.md')), ...pagesBelow('docs'), ...pagesBelow('deploy')]
const read = (file: string): string => readFileSync(file, 'utf8')

/** A heading's anchor in renderers of Markdown. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (file: string): string[] => [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))

/** Without blocks of code. */
const prose = (file: string): string => read(file).replace(/^```[\s\S]*?^```$/gm, '')

describe('the handwritten pages', () => {
  for (const file of PAGES)
    it(`link to existing targets: ${file}`, () => {
      for (const [, target] of prose(file).matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path, anchor] = target!.split('#')
        expect(path, `${target}: links lead to this project alone`).to.not.match(/^https?:/)
        const there = path === '' ? file : normalize(join(dirname(file), path!))
        expect(existsSync(there), `${file} links to ${target}`).to.equal(true)
        if (anchor !== undefined) expect(anchorsOf(there), `${file} links to ${target}`).to.include(anchor)
      }
    })

  it('name existing files and functions in architecture.md', () => {
    const page = read('docs/develop/architecture.md')
    const rows = page.split('\n').filter((line) => line.startsWith('|'))
    let functions = 0
    for (const row of rows) {
      let file: string | undefined
      for (const [, word] of row.matchAll(/`([^`]+)`/g)) {
        if (/^[\w/-]+\.(ts|js)$/.test(word!) && word!.includes('/')) {
          file = word!
          expect(existsSync(file), file).to.equal(true)
        } else if (file !== undefined && /^#?[A-Za-z]+$/.test(word!)) {
          expect(read(file), `${word} in ${file}`).to.match(new RegExp(`(?<!\\w)${word}(?!\\w)`))
          functions += 1
        }
      }
    }
    expect(functions).to.be.greaterThan(30)
    for (const [, folder] of page.matchAll(/`((?:lib|services|test)\/[a-z/]+?)\/?`/g))
      if (!folder!.includes('.')) expect(existsSync(folder!), folder).to.equal(true)
  })

  for (const file of PAGES)
    it(`name existing files and folders: ${file}`, () => {
      for (const [, path] of prose(file).matchAll(/`((?:bench|config|deploy|docs|lab|lib|services|setup|test)\/[\w./-]*)`/g))
        if (!/MAKE|^bench.results\.json$/.test(path!)) expect(existsSync(path!), `${file} names ${path}`).to.equal(true)
    })

  it('list the keys in which hubs may differ once, and as the program compares them', () => {
    const [, own] = /const OWN[^(]*\(\[([^\]]*)\]/.exec(read('config/fingerprint.ts'))!
    const keys = [...own!.matchAll(/'(\w+)'/g)].map(([, key]) => key!).filter((key) => key !== 'file')
    const section = read('docs/operate/redundancy.md').split('### Keys that may differ')[1]!.split('\n#')[0]!
    // A key of `defaults`, which the program leaves out by itself.
    expect([...section.matchAll(/^- `([\w.]+)`/gm)].map(([, key]) => key)).to.have.members([...keys, 'defaults.rehearsal'])
  })

  it('promise every command and state in the contract, and no other', () => {
    const contract = read('docs/contract.md')
    const [list] = /`start`, `check`[^.]*\./.exec(contract)!
    const names = commandFacts(describedProgram()).map(({ name }) => name)
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).to.have.members(names)
    const [states] = /`in-sync`, `syncing`[^.]*\./.exec(contract)!
    expect([...states.matchAll(/`([a-z-]+)`/g)].map(([, state]) => state)).to.have.members([...NODE_STATES])
  })

  it('use only commands and options that the program has', () => {
    const program = describedProgram()
    let shown = 0
    for (const file of PAGES)
      for (const [, line] of read(file).matchAll(/(?:^|`|\s)zonecast ((?:[a-z]+)(?: [^`\n#]*)?)/gm)) {
        const [verb, ...words] = line!.trim().split(/\s+/)
        const command: Command | undefined = program.commands.find((candidate) => candidate.name() === verb)
        // In a sentence any word may follow the name.
        if (command === undefined && words.every((word) => !word.startsWith('-'))) continue
        expect(command, `${file}: zonecast ${line}`).to.not.equal(undefined)
        shown += 1
        for (const option of words.filter((word) => /^--?[a-z]/.test(word)))
          expect(
            command!.options.some(({ long, short }) => long === option || short === option),
            `${file}: zonecast ${line}`,
          ).to.equal(true)
      }
    expect(shown).to.be.greaterThan(20)
  })

  it('name existing npm scripts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    for (const file of PAGES)
      for (const [, name] of read(file).matchAll(/npm run ([a-z:]+)/g))
        expect(scripts, `${file}: npm run ${name}`).to.have.property(name!)
  })

  it('list the settings of the benchmarks in benchmarks.md', () => {
    const knobs = read('bench/knobs.ts')
    for (const [, name] of read('docs/develop/benchmarks.md').matchAll(/\bBENCH_([A-Z]+)/g))
      expect(knobs, name).to.include(`BENCH_${name}`)
  })
})
