/** docs/reference/configuration.md, from the schema of the settings. */
import { formatDuration } from '../../config/duration.js'
import { SETTING_VARIABLES } from '../../config/env.js'
import { describeSettings, type SettingDescription } from '../../config/setting-names.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Configuration

    zonecast check -c zonecast.yaml      # every mistake at once, with line, column and the fix; and the weaknesses of the topology

The config is one YAML file. \`-c FILE\` or \`ZONECAST_CONFIG\` names it; otherwise \`./zonecast.yaml\` is read, then \`/etc/zonecast/zonecast.yaml\`. An
unknown key is a mistake. [zonecast.example.yaml](../../config/zonecast.example.yaml) has every setting with comments, and
[topology.md](../operate/topology.md) has the rules of the topology.

- An address is \`ip\`, \`ip:port\` or \`[ip6]:port\`, never a host name: peers and the hub know each other by address.
- A duration is \`250ms\`, \`30s\`, \`5m\`, \`2h\` or \`7d\`.
- A relative path starts at the folder of the config file.
- A name (of a key, primary, cloud, node, token) has letters, digits, \`.\`, \`_\` and \`-\`, at most 63.
- Peer hubs share all keys except [those that may differ](../operate/redundancy.md#keys-that-may-differ).

## Reload

    zonecast reload                      # or SIGHUP, or POST /v1/reload

- A file with mistakes is refused as a whole, and the running config stays.
- Zones, nodes, primaries, keys, clouds, tokens, \`defaults\` and \`log\` change at once. A running transfer ends under the limits with which it began.
- \`hub\`, \`dataDir\`, \`redis\`, \`api.listen\` and \`transfer\` are fixed while the process runs. A file that changes one of them is refused.`

export function configurationPage(): string {
  const settings = describeSettings()
  const sections = [...new Set(settings.map(({ path }) => path.split('.')[0]!))]
  return page(
    INTRO,
    '## Sections',
    table(
      ['Section', 'Meaning'],
      settings
        .filter(({ path }) => !path.includes('.'))
        .map(({ path, description }) => [`[\`${path}\`](#${path.toLowerCase()})`, cell(description)]),
    ),
    ...sections.flatMap((section) => sectionParts(section, settings)),
    '## Environment',
    'These variables override settings, for containers that share one file. An empty variable counts as unset.',
    table(
      ['Variable', 'Setting'],
      Object.entries(SETTING_VARIABLES).map(([name, path]) => [code(name), code(path.join('.'))]),
    ),
    'These variables are read too: `ZONECAST_CONFIG` (the file), `ZONECAST_URL` and `ZONECAST_TOKEN` (the hub that commands ask, and the token that they send), `NO_COLOR`.',
  )
}

function sectionParts(section: string, settings: readonly SettingDescription[]): string[] {
  const own = settings.find(({ path }) => path === section)!
  const below = settings.filter(({ path }) => path.startsWith(`${section}.`))
  const head = `## ${section}`
  if (below.length === 0) return [head, `${own.description} ${writeWords(own)}`]
  // A section is a map of settings; where it may be something else, its kind is written.
  const isMore = !/^a (map|list) of /.test(own.kind)
  return [
    head,
    `${own.description}${isMore ? ` ${writeWords(own)}` : ''}`,
    table(
      ['Setting', 'Write', 'Default', 'Meaning'],
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
