/** Recorded conversations on control channels (test/fixtures/record-control.ts). */
import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = 'test/fixtures/control'

export interface ControlConversation {
  /** Seconds since 1970. */
  time: number
  key: { algorithm: string; secret: Buffer } | undefined
  asked: Buffer[]
  answered: Buffer[]
}

export const controlConversationNames = (): string[] => readdirSync(FOLDER).map((file) => file.replace(/\.hex$/, ''))

export function controlConversation(name: string): ControlConversation {
  const lines = readFileSync(`${FOLDER}/${name}.hex`, 'latin1').trim().split('\n')
  const [algorithm, secret] =
    lines
      .find((line) => line.startsWith('# key '))
      ?.slice(6)
      .split(' ') ?? []
  const by = (mark: string): Buffer[] =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => Buffer.from(line.slice(2), 'hex'))
  return {
    time: Number(lines.find((line) => line.startsWith('# time '))?.slice(7)),
    key: algorithm === undefined || secret === undefined ? undefined : { algorithm, secret: Buffer.from(secret, 'base64') },
    asked: by('>'),
    answered: by('<'),
  }
}
