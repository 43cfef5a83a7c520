/** Judges if a name has the NSEC3 record that it requires (RFC 5155 §7.1); used for a change and for all names. */
import { recordText } from '../../dns/record-text.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { keyText } from '../../names/name-key.js'
import { nsec3BitmapOf } from './nsec3-hash.js'
import type { Membership } from './seen-name.js'

/** Empty non-terminals have an NSEC3 record with an empty bitmap. */
export const EMPTY_BITMAP = Buffer.alloc(0)

export const OPEN_NSEC3 = 'The NSEC3 chain is not closed (RFC 5155 §7.1)'

export interface Member {
  key: string
  membership: Membership
  bitmap: Buffer
}

/** `isLeftOut`: an NSEC3 record with Opt-Out covers the name; called only when that decides. */
export function judgeMember(
  { key, membership, bitmap }: Member,
  found: StoredAt | undefined,
  isLeftOut: () => boolean,
  findings: Findings,
): void {
  if (found === undefined) {
    if (membership === 'must') findings.add('hold', 'A name has no NSEC3 record (RFC 5155 §7.1)', () => keyText(key))
    else if (membership === 'may' && !isLeftOut())
      findings.add('hold', 'A delegation has no NSEC3 record, and no Opt-Out covers it (RFC 5155 §7.1)', () => keyText(key))
    return
  }
  const { data, at } = found
  if (membership === 'none')
    findings.addRecord('hold', 'An NSEC3 record is for a name that does not exist (RFC 5155 §7.1)', data, at)
  else if (!nsec3BitmapOf(found).equals(bitmap))
    findings.add(
      'hold',
      'An NSEC3 record lists other types than its name has (RFC 5155 §3.1.8)',
      () => `${keyText(key)}: ${recordText(data, at)}`,
    )
}
