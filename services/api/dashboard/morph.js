/**
 * Brings the children of an element to a new list and keeps the elements that are the same, so that the focus, the selection, the
 * scroll position and open details survive a redraw. Elements with `data-key` are found again by it, others by their place and tag.
 * An element with `data-own` keeps its children: they belong to its own code.
 */

const LISTENERS = /** @type {const} */ (['onclick', 'onchange', 'oninput', 'onsubmit', 'onkeydown', 'ontoggle'])
/** Changed by the operator, not by a redraw. */
const KEPT = new Set(['open'])

/** @param {Element} parent @param {readonly (Node | string)[]} children */
export function morph(parent, children) {
  /** @type {Map<string, Element>} */
  const byKey = new Map()
  for (const child of parent.children) if (keyOf(child) !== undefined) byKey.set(/** @type {string} */ (keyOf(child)), child)
  /** @type {ChildNode | null} */
  let place = parent.firstChild
  for (const child of children) {
    const wanted = typeof child === 'string' ? document.createTextNode(child) : child
    const key = keyOf(wanted)
    const found = key === undefined ? place : byKey.get(key)
    if (found != null && isAlike(found, wanted)) {
      if (found !== place) parent.insertBefore(found, place)
      else place = place.nextSibling
      becomes(found, wanted)
    } else parent.insertBefore(wanted, place)
  }
  while (place !== null) {
    const next = place.nextSibling
    place.remove()
    place = next
  }
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof Element ? (node.getAttribute('data-key') ?? undefined) : undefined)

/** @param {Node} a @param {Node} b */
const isAlike = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b)

/** @param {Node} old @param {Node} wanted */
function becomes(old, wanted) {
  if (!(old instanceof Element) || !(wanted instanceof Element)) {
    if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue
    return
  }
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name)
  for (const { name, value } of wanted.attributes)
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value)
  for (const name of LISTENERS) /** @type {any} */ (old)[name] = /** @type {any} */ (wanted)[name]
  if (!old.hasAttribute('data-own')) morph(old, [...wanted.childNodes])
}
