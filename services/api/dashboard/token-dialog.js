/** The dialog for the token, which opens a session. The page forgets the token at once. */
import { reasonOf } from './api.js'
import { byId, setText } from './dom.js'

/** @typedef {import('./api.js').Api} Api */

/** @type {(() => void) | undefined} */
let onGiven

/** @param {Api} api @param {string} reason @param {() => void} given */
export function askForToken(api, reason, given) {
  const dialog = byId('token', HTMLDialogElement)
  onGiven = given
  showButton(api)
  if (dialog.open) return
  setText(byId('token-reason', HTMLElement), reason)
  dialog.showModal()
}

/** Shows the button: a caller without a token can only read. @param {Api} api @param {() => void} given */
export function offerToken(api, given) {
  onGiven ??= given
  showButton(api)
}

/** @param {Api} api @param {() => void} signedOut */
export function wireTokenButton(api, signedOut) {
  const dialog = byId('token', HTMLDialogElement)
  const input = byId('token-input', HTMLInputElement)
  const reason = byId('token-reason', HTMLElement)
  const signIn = async () => {
    const token = input.value.trim()
    if (token === '') return
    input.value = ''
    try {
      await api.signIn(token)
    } catch (error) {
      return setText(reason, reasonOf(error))
    }
    dialog.close()
    showButton(api)
    onGiven?.()
  }
  byId('token-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    void signIn()
  })
  byId('token-later', HTMLButtonElement).addEventListener('click', () => dialog.close())
  byId('token-button', HTMLButtonElement).addEventListener('click', () => {
    if (!api.isSignedIn) {
      setText(reason, '')
      return dialog.showModal()
    }
    // A session that is over by itself is as good as signed out.
    api.signOut().then(signedOut, signedOut)
  })
  // Without a session the first request asks for a token if the hub requires one.
  api.readSession().then(
    () => showButton(api),
    () => undefined,
  )
}

/** @param {Api} api */
function showButton(api) {
  const button = byId('token-button', HTMLButtonElement)
  button.hidden = !api.isSignedIn && onGiven === undefined
  setText(button, api.isSignedIn ? 'Sign out' : 'Sign in')
}
