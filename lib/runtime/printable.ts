/** Text from outside as terminals and logs may show it. */

/** Control characters (C0, DEL, C1), and those that turn the direction of writing. */
const STEERS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** Without what steers a terminal; newlines and tabs go too. */
export const printable = (text: string): string => text.replace(STEERS, '?')

/** As `printable`, with newlines and tabs. */
export const printableLines = (text: string): string => text.replace(STEERS, (c) => (c === '\n' || c === '\t' ? c : '?'))
