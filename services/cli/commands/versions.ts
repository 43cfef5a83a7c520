/** `zonecast show` and `diff`: the content of a kept version, and the changes between two. */
import type { Command } from 'commander'
import { DifferenceAnswer, ReleasedSerialAnswer } from '../answers.js'
import { zoneSegment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { paint } from '../render.js'
import { toOutput } from '../to-output.js'

export function addVersions(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('show'))
    .description('print a kept version as a zone file')
    .argument('<zone>')
    .argument('[serial]', 'serial of the version (default: the released one)', parseSerial)
    .action(async (zone: string, wanted: number | undefined, _options, command: Command) => {
      const client = clientOf(command)
      const serial = wanted ?? (await client.get(ReleasedSerialAnswer, `v1/zones/${zoneSegment(zone)}`)).serial
      if (serial === null) throw usage(`${zone} has no released version yet; zonecast status ${zone} shows why`)
      await toOutput(await client.stream(`v1/zones/${zoneSegment(zone)}/versions/${serial}`))
    })

  withHub(program.command('diff'))
    .description('print the records removed and added between two kept versions')
    .argument('<zone>')
    .argument('<from>', 'a serial, or serial:digest when two versions have one serial', parseVersion)
    .argument('<to>', 'a serial, or serial:digest', parseVersion)
    .option('--json', 'as JSON')
    .action(async (zone: string, from: string, to: string, { json }: { json?: true }, command: Command) => {
      const query = { from, to }
      const answer = await clientOf(command).get(DifferenceAnswer, `v1/zones/${zoneSegment(zone)}/diff`, query)
      if (json) return terminal.write(asJson(answer))
      const lines = [
        ...answer.removed.map((text) => paint(`- ${text}`, 'red', terminal.hasColour)),
        ...answer.added.map((text) => paint(`+ ${text}`, 'green', terminal.hasColour)),
      ]
      terminal.write(lines.map((line) => `${line}\n`).join(''))
    })
}

/** Throws CliError CLI_USAGE. */
export function parseSerial(text: string): number {
  const serial = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(serial <= 0xffffffff)) throw usage(`"${text}" is not a serial (0 to 4294967295)`)
  return serial
}

function parseVersion(text: string): string {
  const [serial, digest, ...more] = text.split(':')
  if (more.length > 0 || (digest !== undefined && !/^[0-9a-f]{8,128}$/.test(digest)))
    throw usage(`"${text}" is not a version: write a serial, or serial:digest with at least 8 hex digits of the digest`)
  return `${parseSerial(serial!)}${digest === undefined ? '' : `:${digest}`}`
}
