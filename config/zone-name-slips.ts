/** Finds texts that an operator cannot mean as a zone name: with blanks around it, or letters outside ASCII. */
import { domainToASCII } from 'node:url'
import { quote } from './secrets.js'

/** Why this text is refused as a zone name, and what to write instead; undefined when it is accepted. */
export function slipInName(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed !== text && trimmed !== '') return `${quote(text)} has blanks around the name: write ${quote(trimmed)}`
  // RFC 5890 §2.3.2.1: in the DNS an internationalized label has the form of its A-label.
  if (!/[^\0-\x7f]/.test(text)) return undefined
  const ascii = domainToASCII(text)
  const advice = ascii === '' ? 'write it in ASCII, with an A-label (xn--…) for each such label' : `write ${quote(ascii)}`
  return `${quote(text)} is not ASCII: ${advice}`
}
