/** Messages to systemd arrive in their order, and one that cannot be sent is logged. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { takeNotifySocket } from '../../../config/env.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { ServiceManager } from '../../../lib/runtime/service-manager.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('the service manager', () => {
  const scratch = scratchDirs()
  const lines: { why?: string }[] = []
  const log = { warn: (line: { why?: string }) => lines.push(line) } as unknown as Logger
  beforeEach(() => lines.splice(0))

  /** A folder with a program in the place of systemd-notify. */
  const withProgram = (script: string): { folder: string; manager: ServiceManager } => {
    const folder = scratch()
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\ncd ${folder}\n${script}\n`)
    chmodSync(join(folder, 'systemd-notify'), 0o755)
    return { folder, manager: new ServiceManager('/run/notify', { PATH: `${folder}:/usr/bin:/bin` }, log) }
  }

  it('gets the messages one after another, at the socket of the hub', async () => {
    const { folder, manager } = withProgram('[ "$1" = READY=1 ] && sleep 0.3\necho "$NOTIFY_SOCKET $*" >> messages')
    manager.notify('READY=1', 'STATUS=ready api=x')
    manager.notify('STOPPING=1')
    const messages = await eventually(() => {
      const text = readFileSync(join(folder, 'messages'), 'utf8')
      expect(text.trim().split('\n')).to.have.length(2)
      return text
    })
    expect(messages).to.equal('/run/notify READY=1 STATUS=ready api=x\n/run/notify STOPPING=1\n')
    expect(lines).to.deep.equal([])
  })

  it('that does not listen is in the log, and the next message is sent', async () => {
    const { folder, manager } = withProgram('echo "$1" >> messages\nexit 1')
    manager.notify('READY=1')
    manager.notify('STOPPING=1')
    await eventually(() => expect(lines.map(({ why }) => why)).to.deep.equal(Array(2).fill('systemd-notify ended with 1')))
    expect(readFileSync(join(folder, 'messages'), 'utf8')).to.equal('READY=1\nSTOPPING=1\n')
  })

  it('without its program is in the log', async () => {
    new ServiceManager('/run/notify', { PATH: scratch() }, log).notify('READY=1')
    await eventually(() => expect(lines[0]?.why).to.match(/^systemd-notify did not start: .*ENOENT/))
  })

  it('is found in the environment once: children of the hub do not report', () => {
    const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: '/bin' }
    expect(takeNotifySocket(env)).to.equal('/run/systemd/notify')
    expect(env).to.deep.equal({ PATH: '/bin' })
    expect(takeNotifySocket(env)).to.equal(undefined)
  })
})
