/** `zonecast completion` and `zonecast man`: the program's own description, for shells and for `man`. */
import { Argument, type Command } from 'commander'
import type { z } from 'zod'
import { CatalogsAnswer, NodeNamesAnswer, PrimariesAnswer, ZonesAnswer } from '../answers.js'
import type { ApiClient } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'
import { bashCompletion } from '../completion/bash.js'
import { NAME_KINDS, type NameKind } from '../completion/completion-plan.js'
import { fishCompletion } from '../completion/fish.js'
import { zshCompletion } from '../completion/zsh.js'
import { commandFacts } from '../manual/command-facts.js'
import { manPage } from '../manual/man-page.js'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** Names offered at one press of the key. */
const MOST_NAMES = 500

export function addCompletion(program: Command, { terminal }: CommandContext): void {
  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(SHELLS)))
    .action((shell: keyof typeof SHELLS) => terminal.write(SHELLS[shell](commandFacts(program))))

  program
    .command('man')
    .description('print the manual page, in the format of man(1)')
    .action(() => terminal.write(manPage(commandFacts(program))))

  withHub(program.command('complete-names', { hidden: true }))
    .description('print names of one kind for a completion script, one per line')
    .addArgument(new Argument('<kind>').choices([...NAME_KINDS]))
    .argument('[beginning]')
    .action(async (kind: NameKind, beginning = '', _options: object, command: Command) => {
      const names = await namesOf(clientOf(command), kind, beginning)
      // A shell would read any other name as several words.
      const fit = names.filter((name) => name.startsWith(beginning) && /^[\w.@:+-]+$/.test(name)).slice(0, MOST_NAMES)
      terminal.write(fit.map((name) => `${name}\n`).join(''))
    })
}

async function namesOf(client: ApiClient, kind: NameKind, beginning: string): Promise<string[]> {
  const ask = <S extends z.ZodType>(schema: S, path: string) => client.get(schema, path)
  switch (kind) {
    case 'zone': {
      // Zones are listed in the order of their names, after the one that is named.
      const query = { limit: String(MOST_NAMES), after: beginning === '' ? undefined : beginning }
      const { zones } = await client.get(ZonesAnswer, 'v1/zones', query)
      return zones.map(({ name }) => name.replace(/(.)\.$/, '$1'))
    }
    case 'node':
      return (await ask(NodeNamesAnswer, 'v1/nodes')).nodes.map(({ id }) => id)
    case 'cloud':
      return [...new Set((await ask(NodeNamesAnswer, 'v1/nodes')).nodes.map(({ cloud }) => cloud))]
    case 'catalog':
      return (await ask(CatalogsAnswer, 'v1/catalogs')).catalogs.map(({ name }) => name.replace(/(.)\.$/, '$1'))
    case 'primary':
      return (await ask(PrimariesAnswer, 'v1/primaries')).primaries.map(({ id }) => id)
  }
}
