/** Makes elements from text, never from markup, so that text of a name server or an operator stays text. */

/** @typedef {Node | string | number | undefined | false} Child */

/**
 * An element with attributes, listeners (`onclick` and the like) and children; undefined and false omit either.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue
    setProp(element, name, value)
  }
  element.append(...shown(children.flat()))
  return element
}

/**
 * An element of a picture.
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} [props]
 * @param {...(Child | Child[])} children
 */
export function s(tag, props = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(props)) if (value !== undefined && value !== false) setProp(element, name, value)
  element.append(...shown(children.flat()))
  return element
}

/**
 * A listener is a property, so that morph.js can move it to another element.
 * @param {Element} element @param {string} name @param {string | number | boolean | ((event: any) => void)} value
 */
function setProp(element, name, value) {
  if (typeof value === 'function') /** @type {any} */ (element)[name] = value
  else element.setAttribute(name, value === true ? '' : String(value))
}

/** @param {Child[]} children @returns {(Node | string)[]} */
export const shown = (children) =>
  children.flatMap((child) => (child === undefined || child === false ? [] : [typeof child === 'number' ? String(child) : child]))

/** @param {Element} element @param {...Child} children */
export const fill = (element, ...children) => element.replaceChildren(...shown(children))

/** Writes only changed text: the screen reader and the selection stay in place. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** @template {Element} E @param {string} id @param {new () => E} type @returns {E} */
export function byId(id, type) {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`)
  return element
}
