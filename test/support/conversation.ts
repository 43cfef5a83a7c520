/** Conversations of real programs in test/fixtures/messages, recorded octet by octet (see the README there). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TsigKey } from '../../lib/dns/tsig-record.js'

const FOLDER = 'test/fixtures/messages'

export interface Said {
  by: 'asker' | 'server'
  octets: Buffer
}

export interface Conversation {
  name: string
  /** Time of the recording, seconds since 1970: signatures are valid around it. */
  time: number
  key: TsigKey | undefined
  messages: Said[]
}

export const conversationNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.hex'))
    .map((file) => file.slice(0, -4))
    .sort()

/** Lines: `# time SECONDS`, `# key NAME ALGORITHM BASE64`, other `#` comments, `> hex` from the client, `< hex` from the server. */
export function readConversation(name: string): Conversation {
  const lines = readFileSync(join(FOLDER, `${name}.hex`), 'latin1').split('\n')
  const fact = (word: string): string[] | undefined =>
    lines
      .find((line) => line.startsWith(`# ${word} `))
      ?.split(' ')
      .slice(2)
  const key = fact('key')
  return {
    name,
    time: Number(fact('time')?.[0] ?? 0),
    key: key && new TsigKey(key[0]!, key[1]!, Buffer.from(key[2]!, 'base64')),
    messages: lines
      .filter((line) => /^[<>] /.test(line))
      .map((line) => ({ by: line[0] === '>' ? 'asker' : 'server', octets: Buffer.from(line.slice(2), 'hex') })),
  }
}

export const answersIn = (conversation: Conversation): Buffer[] =>
  conversation.messages.filter(({ by }) => by === 'server').map(({ octets }) => octets)

export const requestIn = (conversation: Conversation): Buffer => conversation.messages.find(({ by }) => by === 'asker')!.octets
