/** docs/reference/configuration.md, from the schema of the settings. */
import { formatDuration } from '../../config/duration.js'
import { SETTING_VARIABLES } from '../../config/env.js'
import { UNSUPPORTED } from '../../config/schema.js'
import { describeSettings, type SettingDescription } from '../../config/setting-names.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Configuration

One YAML file. \`-c FILE\` or \`ZONECAST_CONFIG\` names it; otherwise \`./zonecast.yaml\` is read, then \`/etc/zonecast/zonecast.yaml\`.
\`zonecast check\` tells every mistake in it at once, each with its line and column and what to write instead, and looks at the
topology besides ([topology.md](../operate/topology.md)); an unknown key is a mistake. [zonecast.example.yaml](../../config/zonecast.example.yaml) has every setting with comments.

- An address is \`ip\`, \`ip:port\` or \`[ip6]:port\`, never a host name: peers know us, and we know them, by address.
- A duration is \`250ms\`, \`30s\`, \`5m\`, \`2h\` or \`7d\`.
- A relative path starts at the folder of the config file.
- A name (of a key, primary, cloud, node, token) has letters, digits, \`.\`, \`_\` and \`-\`, at most 63.

SIGHUP, or \`POST /v1/reload\`, reads the file again. A file with mistakes is refused whole and the running config stays. Zones, nodes,
primaries, keys, clouds and tokens take effect at once, and so do \`defaults\` and \`log\`; a transfer under way ends under the limits it
began with. \`hub\`, \`dataDir\`, \`redis\`, \`api.listen\` and \`transfer\` are fixed while the process runs, and a file that changes one of them is refused too.`

export function configurationPage(): string {
  const settings = describeSettings()
  const sections = [...new Set(settings.map(({ path }) => path.split('.')[0]!))]
  return page(
    INTRO,
    '## In short',
    table(
      ['Section', 'What'],
      settings
        .filter(({ path }) => !path.includes('.'))
        .map(({ path, description }) => [`[\`${path}\`](#${path.toLowerCase()})`, cell(description)]),
    ),
    ...sections.flatMap((section) => sectionParts(section, settings)),
    '## Environment',
    'Settings that the environment overrides, for containers that share one file. An empty variable counts as unset.',
    table(
      ['Variable', 'Setting'],
      Object.entries(SETTING_VARIABLES).map(([name, path]) => [code(name), code(path.join('.'))]),
    ),
    'Not settings, but read as well: `ZONECAST_CONFIG` (the file), `ZONECAST_URL` and `ZONECAST_TOKEN` (the hub that commands ask, and the token they send), `NO_COLOR`.',
    '## Not in this version',
    `Refused rather than ignored: ${UNSUPPORTED.map(code).join(', ')}.`,
  )
}

function sectionParts(section: string, settings: readonly SettingDescription[]): string[] {
  const own = settings.find(({ path }) => path === section)!
  const below = settings.filter(({ path }) => path.startsWith(`${section}.`))
  const head = `## ${section}`
  if (below.length === 0) return [head, `${own.description} ${writeWords(own)}`]
  // A section is a map of settings; where something else may stand in its place, that is said.
  const isMore = !/^a (map|list) of /.test(own.kind)
  return [
    head,
    `${own.description}${isMore ? ` ${writeWords(own)}` : ''}`,
    table(
      ['Setting', 'Write', 'Default', 'What'],
      below.map((setting) => [code(setting.path), cell(kindText(setting.kind)), defaultText(setting), cell(setting.description)]),
    ),
  ]
}

const writeWords = (setting: SettingDescription): string => {
  const value = defaultText(setting)
  return `Write ${kindText(setting.kind)}${value === '' || value === 'required' ? '' : `; default ${value}`}.`
}

const kindText = (kind: string): string =>
  kind.replace(/^a duration such as .*/, 'a duration').replace(/^a map of settings here/, 'settings')

function defaultText({ kind, default: value, required }: SettingDescription): string {
  if (required) return 'required'
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) return ''
  const isDuration = /duration/.test(kind)
  const one = (item: unknown): string => (isDuration && typeof item === 'number' ? formatDuration(item) : String(item))
  return code(Array.isArray(value) ? `[${value.map(one).join(', ')}]` : one(value))
}
