/** The check `zonemd`: the digest in the ZONEMD records matches the zone (RFC 8976 §4), and the zone has one when required. */
import { verifyZonemd } from '../zone/zonemd.js'
import type { CheckReport } from './check.js'
import type { CheckInput } from './check-input.js'
import { Findings } from './findings.js'

export async function checkZonemd(input: CheckInput): Promise<CheckReport> {
  const { mode, required } = input.settings.zonemd
  const findings = new Findings()
  const verdict = input.zonemd ?? (await verifyZonemd(input.contents, input.pause))
  if (verdict.kind === 'failed') findings.add('hold', `The zone does not match its ZONEMD record: ${verdict.reason}`)
  else if (verdict.kind === 'unsupported')
    findings.add(required ? 'hold' : 'warn', `The ZONEMD record at the apex cannot be verified here: ${verdict.reason}`)
  else if (verdict.kind === 'absent' && required)
    findings.add('hold', 'There is no ZONEMD record at the apex, and checks.zonemd.required asks for one')
  const said =
    verdict.kind === 'verified' ? `The ${verdict.algorithm} digest is that of the records.` : 'There is no ZONEMD record.'
  return findings.toReport('zonemd', mode, said)
}
