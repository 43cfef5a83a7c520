/** The rights of a caller. Pure. The hub decides; the page shows its decision beforehand. */

/** @typedef {'vantage' | 'viewer' | 'operator' | 'publisher' | 'admin'} Role */
/** @typedef {import('./answers.js').StatusAnswer['caller']} Caller */

/** Each role has the rights of the ones before it. @type {readonly Role[]} */
const ROLES = ['vantage', 'viewer', 'operator', 'publisher', 'admin']

/** @type {Readonly<Record<Role, string>>} */
export const RIGHTS = {
  vantage: 'reports probes',
  viewer: 'reads',
  operator: 'reads, refreshes, resyncs, verifies, drains, puts zones on hold',
  publisher: 'all of an operator; approves, rejects, resumes, rolls back',
  admin: 'every order',
}

/**
 * Undefined when the caller has the role, else the reason why not.
 * @param {Caller | undefined} caller @param {Role} role @returns {string | undefined}
 */
export function whyNot(caller, role) {
  if (caller === undefined) return 'The hub has not answered yet: your role is unknown.'
  if (ROLES.indexOf(caller.role) >= ROLES.indexOf(role)) return undefined
  const who = caller.name === 'anonymous' ? 'You are not signed in' : `You are ${caller.name}, role ${caller.role}`
  return `${who}; this order needs the role ${role}.`
}
