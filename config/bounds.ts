/** Bounds of a polling interval that exclude each other. */
import type { SettingPath } from './document.js'
import { formatDuration } from './duration.js'
import type { Report } from './report.js'

export function checkBounds(minMs: number, maxMs: number, path: SettingPath, report: Report): void {
  if (minMs < 1) report('CONFIG_VALUE', [...path, 'min'], '"min" is 0: write at least 1ms')
  if (maxMs < minMs) {
    report(
      'CONFIG_VALUE',
      path,
      `"max" (${formatDuration(maxMs)}) is shorter than "min" (${formatDuration(minMs)}): write a longer one`,
    )
  }
}
