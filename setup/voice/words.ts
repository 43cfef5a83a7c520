/** The words that the project's texts do not use, each with the plain word. docs/develop/style.md has the rule for readers. */

export interface Ban {
  pattern: RegExp
  use: string
}

/** Matched without regard to letter case. */
export const BANS: readonly Ban[] = [
  ban('nobody|no one', 'name the role: "no node", "no caller"'),
  ban('whoever|whomever|somebody|someone|the one who', 'name the role: hub, node, primary, operator, worker, caller'),
  ban('told|tell|tells|telling', 'log, report, notify'),
  ban('say|says|said|saying|unsaid', 'log, report, notify; a text "states" or "requires"'),
  ban('stands?|stood|standing', 'exist, is'),
  ban('mend|mends|mended|mending', 'fix'),
  ban('wrong|wrongly|of its kind', 'bad, failed'),
  ban('borne|bears?', 'allow, tolerate'),
  ban('none of ours|one of ours', 'name the thing: "a hub of this installation"'),
  ban('looked at|looks at|(?:a|the|next|last|regular|each|every|its) looks?', 'SOA query, poll (primary), observe (node)'),
  ban('the whole zone', 'AXFR, all records'),
  ban('sights?', 'announcement, observation'),
  ban('hints?', 'announcement'),
  ban('taken', 'transferred, accepted, applied'),
  ban('held serials?|what is held|what it holds', 'current serial, current version'),
  ban('rivals?', 'conflicting version'),
  ban('elsewhere|the other one', 'peer hub, or name the thing'),
]

/** A sentence that begins with one of these has its subject late. A question may begin so. */
export const BAD_BEGINNINGS: readonly string[] = ['What', 'Who', 'Whoever', 'Whether', 'Of', 'Those']
export const BEGIN_USE = 'put the subject first'

/** Texts that keep a banned word: where (the end of a path), the text around the word, and why. */
export const EXCEPTIONS: readonly { file: string; text: RegExp; reason: string }[] = [
  { file: 'docs/develop/style.md', text: /^\|.*\|$/, reason: 'the table of words names those that are not used' },
  { file: 'docs/develop/style.md', text: /Rewrite a sentence/, reason: 'the rule names the beginnings that it refuses' },
  { file: 'test/unit/voice.test.ts', text: /./, reason: 'the tests of the check need words that it refuses' },
  { file: 'chain/steps.test.ts', text: /^taken \+\d+: /, reason: 'the name of a step in the API' },
  { file: '.test.ts', text: /REPLICAOF NO ONE/, reason: 'a command of Redis' },
]

function ban(words: string, use: string): Ban {
  return { pattern: new RegExp(`(?<![\\w-])(?:${words})(?![\\w-])`, 'gi'), use }
}
