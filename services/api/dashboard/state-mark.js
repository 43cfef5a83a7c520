/** A state as a small sign: a letter in a shape, coloured by CSS. */
import { h } from './dom.js'
import { stateRow } from './states.js'

/** @typedef {import('./answers.js').State} State */

/** @param {State} state */
export const stateMark = (state) =>
  h('span', { class: `mark ${stateRow(state).tone}`, 'aria-hidden': 'true', 'data-mark': stateRow(state).mark })

/** The sign and the word. @param {State} state */
export const stateWord = (state) =>
  h('span', { class: 'state', title: stateRow(state).means }, stateMark(state), h('span', {}, state))
