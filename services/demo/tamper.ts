/** Changes a record on an NSD node behind its serial: an edit of its zone file, as a person or a broken tool does it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../lab/run-command.js'
import type { LabServer } from '../../lab/server.js'
import { zoneFileName } from '../../lab/zone-text.js'
import { DemoError } from './errors.js'

/** RFC 5737 §3: another documentation address than those of the demo's zones. */
const FOREIGN = '203.0.113.66'

/** The first host of the demo's zones, with a relative or an absolute name. */
const HOST = /^(h0[.\s].*\sA\s).*$/m

/** Resolves when NSD serves the changed file. */
export async function tamper(server: LabServer, zone: string): Promise<void> {
  const file = join(server.folder, zoneFileName(zone))
  await server.control('write', zone)
  const text = await until(async () => hostIn(file), `${file} has no record h0`)
  writeFileSync(file, text.replace(HOST, `$1${FOREIGN}`))
  await server.control('reload', zone)
  await until(async () => {
    const { ip, port } = server
    const answer = await runCommand('dig', ['-r', `@${ip}`, '-p', String(port), '+short', '+norec', `h0.${zone}`, 'A'])
    return answer.trim() === FOREIGN ? true : undefined
  }, `${server.name} does not serve its changed zone file`)
}

/** NSD writes the file a little after its command. */
function hostIn(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  return HOST.test(text) ? text : undefined
}

const WITHIN_MS = 10_000

async function until<T>(read: () => Promise<T | undefined>, failure: string): Promise<T> {
  const deadline = performance.now() + WITHIN_MS
  for (;;) {
    const value = await read()
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new DemoError({ code: 'DEMO_NOT_TAMPERED' }, failure)
    await sleep(50)
  }
}
