/** FNV-1a: a number for a text, for columns that recognize a text without keeping it. Never 0, which columns use for "none". */
export function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
