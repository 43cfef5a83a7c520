/**
 * Ends everything of the lab after its process, even after kill -9: a small shell reads the lab's process groups from a pipe;
 * when the pipe closes, it ends the remaining ones and removes the lab's folder.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

/** The name in the process list; test/support/leak-guard.ts knows it. */
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
  // A session of its own: Ctrl-C in the terminal goes to the test, which stops the lab in order.
  const child = spawn('sh', ['-c', SCRIPT, WATCHDOG_NAME, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.stdin.on('error', () => {})
  child.unref()
  ;(child.stdin as Writable & { unref?: () => void }).unref?.()
  watchdog = { folder, child }
  return watchdog
}

/** The folder of everything in the lab; removed when the process ends. */
export function labFolder(): string {
  return startWatchdog().folder
}

/** The watchdog ends this process group at the latest with the lab. */
export function guardGroup(pid: number): void {
  startWatchdog().child.stdin.write(`add ${pid}\n`)
}

/** The group has ended: another process may get its number soon. */
export function releaseGroup(pid: number): void {
  watchdog?.child.stdin.write(`del ${pid}\n`)
}
