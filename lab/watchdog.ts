/**
 * Nothing of the lab outlives us, even when we die by kill -9: a small shell reads which process groups are ours from a pipe, and
 * when the pipe closes it ends what is left and removes the lab's folder.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

/** Shown in the process list; test/support/leak-guard.ts knows it. */
export const WATCHDOG_NAME = 'zonecast-lab-watchdog'

const SCRIPT = `trap '' INT TERM HUP
groups=' '
while read -r op group; do
  case $op in
    add) groups="$groups$group " ;;
    del) groups=$(printf '%s' "$groups" | sed "s/ $group / /") ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
rm -rf -- "$1"`

interface Watchdog {
  folder: string
  child: ChildProcessByStdio<Writable, null, null>
}

let watchdog: Watchdog | undefined

function startWatchdog(): Watchdog {
  if (watchdog !== undefined && watchdog.child.exitCode === null) return watchdog
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-lab-'))
  // A session of its own: Ctrl-C in the terminal is for us, and we stop the lab in order.
  const child = spawn('sh', ['-c', SCRIPT, WATCHDOG_NAME, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.stdin.on('error', () => {})
  child.unref()
  ;(child.stdin as Writable & { unref?: () => void }).unref?.()
  watchdog = { folder, child }
  return watchdog
}

/** The folder everything of the lab lives in; gone when we are. */
export function labFolder(): string {
  return startWatchdog().folder
}

/** The process group ends with us at the latest. */
export function guardGroup(pid: number): void {
  startWatchdog().child.stdin.write(`add ${pid}\n`)
}

/** It has ended: its number may be somebody else's soon. */
export function releaseGroup(pid: number): void {
  watchdog?.child.stdin.write(`del ${pid}\n`)
}
