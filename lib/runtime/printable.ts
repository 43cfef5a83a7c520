/** Makes external text safe for terminals and logs. */

/** Control characters (C0, DEL, C1), and those that change the direction of writing. */
const STEERS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** Replaces control characters, including newlines and tabs. */
export const printable = (text: string): string => text.replace(STEERS, '?')

/** As `printable`, with newlines and tabs. */
export const printableLines = (text: string): string => text.replace(STEERS, (c) => (c === '\n' || c === '\t' ? c : '?'))
