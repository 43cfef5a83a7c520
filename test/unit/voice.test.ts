/** The texts of the project follow docs/develop/style.md, and the check finds every bad text. */
import { expect } from 'chai'
import { CHECKED, filesOf, formatHit, hitsIn, hitsOfFolder } from '../../setup/voice/check.js'
import { textsOf } from '../../setup/voice/texts.js'
import { EXCEPTIONS } from '../../setup/voice/words.js'

const wordsIn = (file: string, content: string): string[] => hitsIn(file, content).map(({ line, word }) => `${line} ${word}`)

describe('the voice of the project', () => {
  for (const folder of CHECKED) it(`is kept in ${folder}`, () => expect(hitsOfFolder(folder).map(formatHit)).to.deep.equal([]))

  it('is checked in every page', () => {
    expect(filesOf('.')).to.include.members(['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'])
    expect(filesOf('docs')).to.include.members(['docs/start.md', 'docs/operate/node-stuck.md', 'docs/develop/decisions.md'])
  })

  it('gives every exception a reason', () => {
    expect(EXCEPTIONS.length).to.be.at.most(12)
    for (const { reason } of EXCEPTIONS) expect(reason).to.match(/\w+ \w+/)
  })
})

describe('the voice check', () => {
  it('reports a word in prose with its line and the plain word', () => {
    const [hit] = hitsIn('page.md', '# Title\n\nThe hub tells the node.\n')
    expect(formatHit(hit!)).to.equal('page.md:3: "tells": log, report, notify')
  })

  it('reads no code, no blocks of commands and no link targets', () => {
    const page = 'A `told` word.\n\n    zonecast told\n\n```\nnobody\n```\n\n[text](nobody.md) is fine.\n'
    expect(wordsIn('page.md', page)).to.deep.equal([])
  })

  it('reads the text after a block of code', () =>
    expect(wordsIn('page.md', 'Text:\n\n    command\n\nThe zone stands still.\n')).to.deep.equal(['5 stands']))

  it('reads nested list items as text', () =>
    expect(wordsIn('page.md', '- first\n    - nobody asks\n')).to.deep.equal(['2 nobody']))

  it('refuses a sentence without its subject first', () =>
    expect(wordsIn('page.md', 'It ends. What remains is small.\n\n| What happens | a |\n')).to.deep.equal(['1 What', '3 What']))

  for (const [text, reason] of [
    ['Where is it? What happens to an approve?', 'a question'],
    ['The reason is the state\nOf the zone.', 'a sentence that continues on the next line'],
    ['| What | b |', 'a column with one word'],
    ['A ready-to-tell-tale-mending-made word.', 'a part of a compound'],
  ] as const)
    it(`accepts ${reason}`, () => expect(wordsIn('page.md', text)).to.deep.equal([]))

  it('knows what kind of text a string of the sources is', () => {
    const source = [
      '/** A doc comment. */',
      "key: text('write it').describe('The name of a key.'),",
      "log.warn({ zone, op }, 'zone was refused')",
      "throw new ConfigError('CODE', 'no such key: ' + name)",
      "it('does one thing', () => {})",
      "program.command('x').option('--json', 'as JSON text')",
      "const pattern = /it's/",
    ].join('\n')
    expect(textsOf(source).map(({ kind, line }) => `${line} ${kind}`)).to.deep.equal([
      '1 comment',
      '2 string',
      '2 describe',
      '3 log',
      '4 error',
      '5 test name',
      '6 help',
    ])
  })

  it('reports the line of a word in a long comment', () =>
    expect(wordsIn('code.ts', '/**\n * First line.\n * Nobody asks.\n */\nconst told = 1\n')).to.deep.equal(['3 Nobody']))
})
