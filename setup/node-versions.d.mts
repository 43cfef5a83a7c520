/** Types of node-versions.mjs, for its test. */
import type { SpawnSyncReturns } from 'node:child_process'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

export const NODE_MAJORS: readonly number[]
export const CI_MAJORS: readonly number[]
export function majorsBeside(version: string, majors?: readonly number[]): number[]
export function withNode(major: number, args: readonly string[]): [string, string[]]
export function fetchNode(major: number, spawn?: () => Partial<SpawnSyncReturns<string>>): string | undefined
export function countsWithout(isCi: boolean): Counts
