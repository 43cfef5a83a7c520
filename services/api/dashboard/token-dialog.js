/** The dialog for the token. The token stays in this tab and is deleted when the tab closes. */
import { byId, setText } from './dom.js'

/** @typedef {import('./api.js').Api} Api */

/** @type {(() => void) | undefined} */
let onGiven

/** @param {Api} api @param {string} reason @param {() => void} given */
export function askForToken(api, reason, given) {
  const dialog = byId('token', HTMLDialogElement)
  setText(byId('token-reason', HTMLElement), reason)
  onGiven = given
  showButton(api)
  if (!dialog.open) dialog.showModal()
}

/** Shows the button: a caller without a token can only read. @param {Api} api @param {() => void} given */
export function offerToken(api, given) {
  onGiven ??= given
  showButton(api)
}

/** @param {Api} api @param {() => void} forgotten */
export function wireTokenButton(api, forgotten) {
  const dialog = byId('token', HTMLDialogElement)
  const input = byId('token-input', HTMLInputElement)
  byId('token-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    const token = input.value.trim()
    if (token === '') return
    input.value = ''
    api.setToken(token)
    dialog.close()
    showButton(api)
    onGiven?.()
  })
  byId('token-later', HTMLButtonElement).addEventListener('click', () => dialog.close())
  byId('token-button', HTMLButtonElement).addEventListener('click', () => {
    if (!api.hasToken) return dialog.showModal()
    api.setToken(undefined)
    forgotten()
  })
  showButton(api)
}

/** @param {Api} api */
function showButton(api) {
  const button = byId('token-button', HTMLButtonElement)
  button.hidden = !api.hasToken && onGiven === undefined
  setText(button, api.hasToken ? 'Forget token' : 'Enter token')
}
