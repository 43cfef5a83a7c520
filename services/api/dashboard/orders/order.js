/** Orders that the page can send: what each does, who may give it, and its fields. Pure. */
import { segment, zoneSegment } from '../api.js'

/** @typedef {import('../roles.js').Role} Role */
/** @typedef {Readonly<Record<string, string>>} Values Values of the fields by name. */
/**
 * `options`: value, name and meaning; a field without options is a text.
 * @typedef {{ name: string, label: string, options?: readonly (readonly [value: string, name: string, means: string])[], value?: string }} Field
 */
/**
 * `does`: sentences, shown before the order is sent. `body`: without the reason.
 * @typedef {{
 *   id: string, name: string, about: string, path: string, role: Role, does: (values: Values) => string[],
 *   fields?: readonly Field[], body?: (values: Values) => Record<string, unknown>, needsReason?: boolean, isGrave?: boolean,
 * }} Order
 */

/** @type {Field} */
const STRENGTH = {
  name: 'strength',
  label: 'Strength',
  value: 'notify',
  options: [
    ['notify', 'Notify', 'send NOTIFY again and query until the node answers with the released serial'],
    ['refresh', 'Refresh', 'poll the primaries first, then notify'],
    ['retransfer', 'Retransfer', 'AXFR from a primary, then notify'],
    ['force', 'Force', 'the node transfers all records again, ordered over its control channel'],
  ],
}

/** The states of a pair that is not in sync, and that an order can change. */
const BEHIND = ['syncing', 'lagging', 'stuck', 'conflict', 'ahead', 'expired', 'unknown']

/** @param {string} value @returns {Field} */
const which = (value) => ({
  name: 'which',
  label: 'Where',
  value,
  options: [
    ['all', 'Everywhere', 'whatever its state is'],
    ['behind', 'Not in sync', 'only where the zone is not in sync now'],
  ],
})

/** @param {string | undefined} value */
const statesOf = (value) => (value === 'behind' ? { states: BEHIND } : {})

/** @type {Field} */
const HOW = {
  name: 'how',
  label: 'How',
  value: 'auto',
  options: [
    ['auto', 'Auto', 'AXFR, or a sample where the node refuses it'],
    ['axfr', 'AXFR', 'the node transfers all its records to the hub'],
    ['sample', 'Sample', 'queries for a part of the records'],
  ],
}

/** @type {Field} */
const FAST = {
  name: 'fast',
  label: 'Soak',
  value: 'no',
  options: [
    ['no', 'Full', 'each stage soaks for its configured time'],
    ['yes', 'Fast', 'each stage soaks for a tenth of its time; no check is skipped'],
  ],
}

/** @param {string} strength @param {string} what @returns {string} */
function strengthDoes(strength, what) {
  switch (strength) {
    case 'refresh':
      return `The hub polls the primaries, transfers a newer version if there is one, then notifies ${what}.`
    case 'retransfer':
      return `The hub transfers all records from a primary with AXFR, whatever its serial, then notifies ${what}.`
    case 'force':
      return `Over its control channel ${what} is ordered to transfer all records again, a few nodes of a cloud at a time.`
    default:
      return `The hub sends NOTIFY to ${what} and queries until the answer shows the released serial.`
  }
}

/** Without a scope the order is for many pairs. @param {string} what @param {string} path @param {Record<string, unknown>} [scope] @returns {Order} */
const resyncOf = (what, path, scope) => ({
  id: 'resync',
  name: 'Resync',
  about: what,
  path,
  role: 'operator',
  fields: scope === undefined ? [STRENGTH, which('all')] : [STRENGTH],
  does: ({ strength = '' }) => [strengthDoes(strength, what), 'A job shows the progress node by node.'],
  body: ({ strength, which: where }) => ({ ...scope, strength, ...statesOf(where) }),
})

/** @param {string} what @param {string} path @param {Record<string, unknown>} [scope] @returns {Order} */
const forceOf = (what, path, scope) => ({
  id: 'force',
  name: 'Force',
  about: what,
  path,
  role: 'operator',
  // A forced transfer of every zone is a load that few nodes need.
  ...(scope === undefined ? { fields: [which('behind')] } : {}),
  does: () => [
    strengthDoes('force', what),
    'The node keeps serving meanwhile; a node without a control channel fails, with the command to type on it.',
  ],
  body: ({ which: where }) => ({ ...scope, strength: 'force', ...statesOf(where) }),
  isGrave: true,
})

/** @param {string} what @param {string} path @param {Record<string, unknown>} scope @returns {Order} */
const verifyOf = (what, path, scope) => ({
  id: 'verify',
  name: 'Verify',
  about: what,
  path,
  role: 'operator',
  fields: [HOW],
  does: () => [
    `The hub compares what is served of ${what} with the released version, record for record.`,
    'It changes nothing. A job shows the verdict of each node.',
  ],
  body: ({ how }) => ({ ...scope, how }),
})

/** @param {string} zone */
const zonePath = (zone) => `/v1/zones/${zoneSegment(zone)}`

/** @param {string} zone @returns {Order} */
export const refresh = (zone) => ({
  id: 'refresh',
  name: 'Refresh',
  about: zone,
  path: `${zonePath(zone)}/refresh`,
  role: 'operator',
  does: () => [`The hub polls the primaries of ${zone} now and transfers a newer version if there is one.`],
})

/** @param {string} zone */
export const resyncZone = (zone) => resyncOf(`every node of ${zone}`, `${zonePath(zone)}/resync`)
/** @param {string} zone @param {string} node */
export const resyncPair = (zone, node) => resyncOf(`${zone} on ${node}`, `${zonePath(zone)}/resync`, { nodes: [node] })
/** @param {string} node */
export const resyncNode = (node) => resyncOf(`every zone on ${node}`, `/v1/nodes/${segment(node)}/resync`)
/** @param {string} zone @param {string} node */
export const forcePair = (zone, node) => forceOf(`${zone} on ${node}`, `${zonePath(zone)}/resync`, { nodes: [node] })
/** @param {string} node */
export const forceNode = (node) => forceOf(`every zone on ${node}`, `/v1/nodes/${segment(node)}/resync`)
/** @param {string} zone */
export const verifyZone = (zone) => verifyOf(`${zone} on every node`, `${zonePath(zone)}/verify`, {})
/** @param {string} zone @param {string} node */
export const verifyPair = (zone, node) => verifyOf(`${zone} on ${node}`, `${zonePath(zone)}/verify`, { nodes: [node] })
/** @param {string} node */
export const verifyNode = (node) => verifyOf(`every zone on ${node}`, `/v1/nodes/${segment(node)}/verify`, {})

/** @param {string} zone @returns {Order} */
export const hold = (zone) => ({
  id: 'hold',
  name: 'Hold',
  about: zone,
  path: `${zonePath(zone)}/hold`,
  role: 'operator',
  does: () => [
    `No newer version of ${zone} is released to any node, and a rollout under way stops before its next stage.`,
    'Nodes keep serving what they have. It lasts until a publisher resumes the zone.',
  ],
  isGrave: true,
})

/** @param {string} zone @returns {Order} */
export const resume = (zone) => ({
  id: 'release',
  name: 'Resume',
  about: zone,
  path: `${zonePath(zone)}/release`,
  role: 'publisher',
  needsReason: true,
  does: () => [
    `The hold of ${zone} ends: the newest version that passed its checks is released in stages.`,
    'A version that a check holds stays held until it is approved.',
  ],
})

/**
 * The choice between two contents under one serial.
 * @param {string} zone @param {string} primary @param {number} serial @param {string} digest @returns {Order}
 */
export const choose = (zone, primary, serial, digest) => ({
  id: 'choose',
  name: 'Choose',
  about: `${zone} serial ${serial} of ${primary}`,
  path: `${zonePath(zone)}/approve`,
  role: 'publisher',
  needsReason: true,
  isGrave: true,
  does: () => [
    `The records that ${primary} serves under serial ${serial} are the correct content of ${zone}, and are released.`,
    'A node with the other content does not ask again for the same serial: it needs a forced transfer, or a higher serial at the primary.',
  ],
  // The primary may serve other content by now than the operator has seen.
  body: () => ({ primary, serial, digest }),
})

/**
 * @param {string} zone @param {number} serial @param {string} digest @param {{ required: number, given: readonly unknown[] } | null} approvals
 * @param {boolean} [isOnHold] an operator put the zone on hold @returns {Order}
 */
export const approve = (zone, serial, digest, approvals, isOnHold = false) => ({
  id: 'approve',
  name: 'Approve',
  about: `${zone} serial ${serial}`,
  path: `${zonePath(zone)}/approve`,
  role: 'publisher',
  needsReason: true,
  isGrave: true,
  fields: [FAST],
  does: () => [
    ...(approvals !== null && approvals.given.length + 1 < approvals.required
      ? [
          `This is approval ${approvals.given.length + 1} of ${approvals.required}; the rollout goes on after the last, each by another person.`,
        ]
      : isOnHold
        ? [`The finding does not stop serial ${serial} any more. It goes out when a publisher resumes ${zone}, which is on hold.`]
        : [`Serial ${serial} goes out to the nodes of ${zone}, stage by stage, in spite of the finding that stops it.`]),
    `The approval is for exactly this content, digest ${digest.slice(0, 12)}.`,
  ],
  body: ({ fast }) => ({ serial, digest, fast: fast === 'yes' }),
})

/** @param {string} zone @param {number} serial @param {string} digest @returns {Order} */
export const reject = (zone, serial, digest) => ({
  id: 'reject',
  name: 'Reject',
  about: `${zone} serial ${serial}`,
  path: `${zonePath(zone)}/reject`,
  role: 'publisher',
  needsReason: true,
  isGrave: true,
  does: () => [
    `Serial ${serial} of ${zone} is never released to a further node. A node that has it keeps it until a newer version.`,
    'The next version that passes the checks is released as usual.',
  ],
  body: () => ({ serial, digest }),
})

/** @param {string} zone @param {number} serial @returns {Order} */
export const rollback = (zone, serial) => ({
  id: 'rollback',
  name: 'Roll back',
  about: `${zone} to the content of serial ${serial}`,
  path: `${zonePath(zone)}/rollback`,
  role: 'publisher',
  needsReason: true,
  isGrave: true,
  does: () => [
    `The content of serial ${serial} is released again to every node of ${zone}, under a new serial above all that were served.`,
    'Correct the primaries afterwards: their next version must have a higher serial than the new one.',
  ],
  body: () => ({ serial }),
})

/** @param {string} node @returns {Order} */
export const drain = (node) => ({
  id: 'drain',
  name: 'Drain',
  about: node,
  path: `/v1/nodes/${segment(node)}/drain`,
  role: 'operator',
  isGrave: true,
  does: () => [
    `Delivery to ${node} stops: no NOTIFY, and rollouts do not wait for it.`,
    'The server itself runs on and answers with what it has; take its routes away yourself if it should not.',
  ],
})

/** @param {string} node @returns {Order} */
export const undrain = (node) => ({
  id: 'undrain',
  name: 'Undrain',
  about: node,
  path: `/v1/nodes/${segment(node)}/undrain`,
  role: 'operator',
  does: () => [`Delivery to ${node} starts again: the hub notifies it of every zone in which it is behind.`],
})

/**
 * The body to send. @param {Order} order @param {Values} values @param {string} reason
 * @returns {Record<string, unknown>}
 */
export function bodyOf(order, values, reason) {
  const why = reason.trim()
  return { ...order.body?.(values), ...(why === '' ? {} : { reason: why }) }
}
