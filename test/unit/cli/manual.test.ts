/** The description of the commands: groups, examples, manual page and completion. */
import { expect } from 'chai'
import { bashCompletion } from '../../../services/cli/completion/bash.js'
import { completionPlaces, optionNames } from '../../../services/cli/completion/completion-plan.js'
import { commandFacts } from '../../../services/cli/manual/command-facts.js'
import { COMMAND_GROUPS } from '../../../services/cli/manual/command-groups.js'
import { EXAMPLES } from '../../../services/cli/manual/examples.js'
import { EXIT_STATUSES } from '../../../services/cli/manual/exit-statuses.js'
import { manPage } from '../../../services/cli/manual/man-page.js'
import { describedProgram } from '../../../services/cli/program.js'

const FACTS = commandFacts(describedProgram())
const NAMES = FACTS.map(({ name }) => name)

/** Words of a shell line with double quotes; a redirection ends it. */
const wordsOf = (line: string): string[] =>
  [...line.replace(/ > \S+$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

describe('the manual of the commands', () => {
  it('puts every command into exactly one group, and names no other', () => {
    expect(Object.values(COMMAND_GROUPS).flat().sort()).to.deep.equal(NAMES)
  })

  it('has an example for every command, and for no other', () => {
    expect(Object.keys(EXAMPLES).sort()).to.deep.equal(NAMES)
  })

  for (const [name, { line }] of Object.entries(EXAMPLES))
    it(`has an example of ${name} that the program accepts: ${line}`, async () => {
      const program = describedProgram()
      let ran = ''
      for (const command of program.commands)
        command.action(() => {
          ran = command.name()
        })
      await program.parseAsync(['node', 'zonecast', ...wordsOf(line)])
      expect(ran).to.equal(name)
    })

  it('names existing commands and options in the exit statuses', () => {
    for (const { commands } of EXIT_STATUSES)
      for (const line of commands) {
        const [name, ...rest] = line.split(' ')
        const command = FACTS.find((each) => each.name === name)
        expect(command, line).to.not.equal(undefined)
        const known = [...optionNames(command!), ...command!.options.flatMap(({ choices }) => choices), 'verify']
        expect(known, line).to.include.members(rest)
      }
  })

  it('has each command and each option on the manual page', () => {
    const text = manPage(FACTS).replaceAll(String.raw`\-`, '-').replaceAll(String.raw`\(dq`, '"')
    for (const { usage, options, example } of FACTS) {
      expect(text).to.include(`\n.B zonecast ${usage}\n`)
      expect(text).to.include(`zonecast ${example!.line}`)
      for (const { names } of options) for (const name of names) expect(text).to.include(name)
    }
  })

  it('shows the example in the help of a command, and the groups in the help of the program', () => {
    const program = describedProgram()
    const help = program.helpInformation()
    for (const group of Object.keys(COMMAND_GROUPS)) expect(help).to.include(`${group}:`)
    expect(help).to.not.include('complete-names')
  })
})

describe('completion', () => {
  const places = completionPlaces(FACTS)
  const valuesAt = (command: string, at: string | number) =>
    places.find((place) => place.command === command && place.at === at)?.values

  it('knows the places of names of the hub, choices and files', () => {
    expect(valuesAt('why', 0)).to.deep.equal({ from: 'hub', kind: 'zone' })
    expect(valuesAt('why', 1)).to.deep.equal({ from: 'hub', kind: 'node' })
    expect(valuesAt('resync', '--cloud')).to.deep.equal({ from: 'hub', kind: 'cloud' })
    expect(valuesAt('status', '--format')).to.deep.equal({ from: 'list', words: ['table', 'json', 'nagios', 'prom'] })
    expect(valuesAt('check', '-c')).to.deep.equal({ from: 'files' })
    expect(valuesAt('approve', '--reason')).to.equal(undefined)
  })

  it('never has one option with a value here and without one there', () => {
    const kinds = new Map<string, Set<boolean>>()
    for (const { options } of FACTS)
      for (const { names, kind } of options)
        for (const name of names) kinds.set(name, (kinds.get(name) ?? new Set()).add(kind !== undefined))
    expect([...kinds].filter(([, both]) => both.size > 1).map(([name]) => name)).to.deep.equal([])
  })

  it('never lets bash expand a name of the hub', () => {
    expect(bashCompletion(FACTS)).to.not.include('compgen')
    expect(bashCompletion(FACTS)).to.not.include('eval')
  })
})
