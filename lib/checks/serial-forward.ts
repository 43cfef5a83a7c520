/**
 * The check `serial-forward`: nodes transfer a version only when its serial is newer than theirs (RFC 1982 §3.2, RFC 1995 §2).
 */
import { compareSerials } from '../dns/serial.js'
import type { CheckReport } from './check.js'
import type { CheckInput } from './check-input.js'
import { Findings, grouped } from './findings.js'

export function checkSerialForward({ contents, previous, settings }: CheckInput): CheckReport {
  const { mode, warnAbove } = settings['serial-forward']
  const findings = new Findings()
  const { serial } = contents.soa
  if (previous === undefined)
    return findings.toReport('serial-forward', mode, `Serial ${serial} is the first; there is none to compare it with.`)
  const step = (serial - previous.serial) >>> 0
  const order = compareSerials(serial, previous.serial)
  if (order === 'equal') findings.add('hold', `Serial ${serial} is that of the last released version: no node will take it`)
  else if (order === 'older')
    findings.add('hold', `Serial ${serial} is older than ${previous.serial}, the last released one: no node will take it`)
  else if (order === 'unordered')
    findings.add(
      'hold',
      `Serial ${serial} is 2147483648 away from ${previous.serial}, the last released one: neither is newer (RFC 1982 §3.2), and each node decides for itself`,
    )
  else if (step > warnAbove)
    findings.add(
      'warn',
      `Serial ${serial} is ${grouped(step)} above ${previous.serial}, the last released one; more than ${grouped(warnAbove)} is a jump that is hard to take back`,
    )
  return findings.toReport('serial-forward', mode, `Serial ${serial} is newer than ${previous.serial}, by ${grouped(step)}.`)
}
