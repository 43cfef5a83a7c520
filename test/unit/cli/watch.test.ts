/** `status --watch`: drawings that replace each other, and the age of what is shown. */
import { expect } from 'chai'
import { CliError } from '../../../services/cli/errors.js'
import { watch } from '../../../services/cli/watch.js'
import { expectError } from '../../support/expect-error.js'

const away = () => new CliError({ code: 'CLI_NO_ANSWER', url: 'http://hub/' }, 'no hub answers')

/** Draws these answers, and returns each text written. */
async function drawn(answers: readonly (string | Error)[], screen: { isLive: boolean; rows?: number }): Promise<string[]> {
  const written: string[] = []
  const left = [...answers]
  const ask = async () => {
    const answer = left.shift()!
    if (answer instanceof Error) throw answer
    return answer
  }
  const terminal = {
    hasColour: false,
    columns: 80,
    rows: 24,
    ...screen,
    write: (text: string) => written.push(text),
    complain: () => {},
  }
  await watch(ask, { everyMs: 1, terminal, isOver: () => left.length === 0 })
  return written
}

describe('a watched table', () => {
  it('replaces its last drawing on a terminal', async () => {
    const [first, second] = await drawn(['a\nb\n', 'c\n'], { isLive: true })
    expect(first).to.match(/^\d{4}-\d\d-\d\d [\d:]{8} UTC\na\nb\n$/)
    expect(second!.startsWith('\u001b[3A\u001b[J')).to.equal(true)
    expect(second!.endsWith(' UTC\nc\n')).to.equal(true)
  })

  it('is written again in a file only when it changes', async () => {
    const texts = await drawn(['a\n', 'a\n', 'b\n'], { isLive: false })
    expect(texts.map((text) => text.split('\n')[1])).to.deep.equal(['a', 'b'])
  })

  it('stays on the screen with its age while the hub is away', async () => {
    const texts = await drawn(['a\n', away(), 'b\n'], { isLive: true })
    expect(texts[1]).to.match(/as of 0 s ago; no hub answers\na\n$/)
    expect(texts[2]).to.match(/UTC\nb\n$/)
  })

  it('waits for a hub that does not answer yet', async () => {
    const texts = await drawn([away(), 'a\n'], { isLive: true })
    expect(texts[0]).to.match(/^no answer so far; no hub answers\n/)
  })

  it('ends at any other error', async () => {
    await expectError('CLI_USAGE', () => drawn([new CliError({ code: 'CLI_USAGE' }, 'no such zone')], { isLive: true }))
  })

  it('never scrolls', async () => {
    const [text] = await drawn([Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n')], { isLive: true, rows: 10 })
    expect(text!.trimEnd().split('\n')).to.have.length(9)
    expect(text).to.include('… 43 more lines')
  })
})
