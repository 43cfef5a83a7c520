/** Audit entries for the members of catalogs: one for each zone that comes, leaves or goes. */
import type { Audit } from '../../lib/audit/trail.js'
import type { Member, MemberChange } from '../../lib/catalog/membership.js'

export function auditMember(audit: Audit, { zone, before, after, isReset }: MemberChange): void {
  const catalog = (after ?? before)?.catalog ?? null
  audit.note({
    action: actionOf(before, after, isReset),
    target: { zone, catalog },
    before: factsOf(before),
    after: factsOf(after),
    reason: after === undefined ? `the grace time of ${catalog} is over` : `the released version of ${catalog}`,
  })
}

function actionOf(before: Member | undefined, after: Member | undefined, isReset: boolean): string {
  if (after === undefined) return 'member-dropped'
  if (before === undefined) return 'member-added'
  if (after.leftAt !== undefined && before.leftAt === undefined) return 'member-left'
  if (after.leftAt === undefined && before.leftAt !== undefined) return 'member-back'
  return isReset ? 'member-reset' : 'member-changed'
}

const factsOf = (member: Member | undefined) =>
  member === undefined ? null : { catalog: member.catalog, id: member.id, group: member.group ?? null }
