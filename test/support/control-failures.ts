/** The failures of a control channel: every command that asks the server fails, with a sentence. */
import { expect } from 'chai'
import type { ControlFailure, ControlResult, NodeControl } from '../../lib/control/control.js'
import { parseZoneName } from '../../lib/dns/name.js'

const ZONE = parseZoneName('example.com')

const COMMANDS: readonly ((control: NodeControl) => Promise<ControlResult<unknown>>)[] = [
  (control) => control.status(),
  (control) => control.zoneStatus(ZONE),
  (control) => control.forceTransfer(ZONE),
  (control) => control.removeZone(ZONE),
]

/** Throws when a command succeeds, or when its sentence has another form. */
export async function failuresOf(control: NodeControl): Promise<ControlFailure[]> {
  const failures: ControlFailure[] = []
  for (const command of COMMANDS) {
    const result = await command(control)
    if (result.kind === 'ok') throw new Error(`a command succeeded: ${JSON.stringify(result)}`)
    expect(result.error).to.match(/^ams1: .+ \(.+\)$/)
    failures.push(result)
  }
  return failures
}
