/** The drawings of a topology: their elements, the places of findings, and safety against any text of a config. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { buildProgram } from '../../../../services/cli/program.js'
import { topologySvg } from '../../../../services/cli/topology/topology-svg.js'
import { topologyText } from '../../../../services/cli/topology/topology-text.js'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { seededRuns } from '../../../support/seed.js'
import { SOUND, withLine } from '../../config/config-text.js'
import { WHEEL, WHEEL_FILE, wheelWith } from '../../config/topology/wheel-text.js'
import { anySketch, viewOf } from './views.js'

/** NRT has one link, and both clouds share a /24. */
const WEAK = wheelWith(
  ['    lax-nrt: { between: [LAX, NRT], risks: [pacific] }\n', ''],
  ['    nrt-sin: { between: [NRT, SIN] }\n', ''],
  ['198.51.100.53', '192.0.2.54'],
)

/** Elements are closed in the order in which they were opened, attributes are quoted, and every & is an entity. */
function expectWellFormed(xml: string): void {
  const open: string[] = []
  const rest = xml.replace(
    /<(\/?)([a-z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, closes: string, name: string, __, empty: string) => {
      if (closes === '/') expect(open.pop()).to.equal(name)
      else if (empty === '') open.push(name)
      return ''
    },
  )
  expect(open).to.deep.equal([])
  expect(rest).to.not.match(/[<>]/)
  expect(xml).to.not.match(/&(?!(amp|lt|gt|quot|#39);)/)
  expect(xml).to.not.match(/NaN|undefined|Infinity/)
}

const rowsOf = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line))

describe('the topology as text', () => {
  const scratch = scratchDirs()

  it('has hubs, rings, links and clouds of the example, and no findings', () => {
    const text = topologyText(viewOf(scratch(), WHEEL), false)
    expect(text).to.match(/^14 sites, 2 hub sites, 2 rings, 25 links\n/)
    expect(rowsOf(text, /^ring|hub hub|lhr1|fra1|axle|^ {2}A /)).to.deep.equal([
      '  IAD   ─ AMS  hub hub-america  primary hm1',
      '  AMS   ─ IAD  hub hub-europe  primary hm2',
      'ring 1, closed',
      '  ╭┬─ LHR   ─ AMS  A:lhr1',
      '  ╰┴─ FRA   ─ AMS  A:fra1',
      'ring 2, closed',
      '  axle     IAD ─ AMS  risks atlantic-north',
      '  A  192.0.2.53  2001:db8:a::53  in LHR MIA LAX NRT SIN FRA',
    ])
    expect(text).to.match(/\nno findings\n$/)
  })

  it('has each finding, with its number at its elements', () => {
    const text = topologyText(viewOf(scratch(), WEAK), false)
    expect(rowsOf(text, /\[\d/)).to.deep.equal([
      '  IAD [2]  ─ AMS  hub hub-america  primary hm1',
      '  NRT      ─ IAD  A:nrt1 [2]',
      '  nrt-iad [2]  NRT ─ IAD  risks pacific',
      '  A [1]  192.0.2.53  2001:db8:a::53  in LHR MIA LAX NRT SIN FRA',
      '  B [1]  192.0.2.54  2001:db8:b::53  in CDG GRU SJC HKG JNB ARN',
      '[1] warning TOPOLOGY_SHARED_PREFIX zonecast.yaml:31:20',
      '[2] warning TOPOLOGY_SINGLE_POINT zonecast.yaml:37:21',
    ])
    expect(text).to.include('\n    node "nrt1" in NRT is cut off from every hub')
  })

  it('fits in 80 columns, and has colours on request', () => {
    for (const text of [WHEEL, WEAK, WHEEL.replaceAll(/\b(LHR|hub-america)\b/g, '$1-of-a-site-with-a-long-name')]) {
      const view = viewOf(scratch(), text)
      expect(rowsOf(topologyText(view, false), /.{81}|\p{Cc}/u)).to.deep.equal([])
      expect(topologyText(view, true)).to.include('\u001b[')
    }
  })

  it('has the sites of nodes, and no links, when no topology is described', () => {
    const text = topologyText(
      viewOf(scratch(), withLine(11, '  ams1: { cloud: A, site: "A\\nM", address: 127.0.0.1:5311 }')),
      false,
    )
    expect(text).to.match(/^1 site, 0 hub sites, 0 rings, 0 links; "topology" in the config describes no links\n/)
    expect(text).to.include('\n  A?M   A:ams1\n')
    expect(text).to.include('\nin no site\n  node lhr1\n')
  })
})

describe('the topology as SVG', () => {
  const scratch = scratchDirs()

  it('has every site, node, link and cloud of the example', () => {
    const svg = topologySvg(viewOf(scratch(), WHEEL))
    expectWellFormed(svg)
    expect(svg.match(/<rect class="box"/g)).to.have.length(14)
    expect(svg.match(/<path class="link"/g)).to.have.length(25)
    for (const words of [
      '>A lhr1<',
      '>hub hub-europe<',
      '>primary hm2<',
      '>axle: IAD to AMS, risks atlantic-north<',
      '>No findings<',
    ])
      expect(svg).to.include(words)
    expect(svg).to.not.match(/class="[^"]*weak"|href|<script|url\(/)
  })

  it('marks the elements of a finding, and lists it', () => {
    const svg = topologySvg(viewOf(scratch(), WEAK))
    expectWellFormed(svg)
    expect(svg.match(/<g class="site[^"]*weak"/g)).to.have.length(2)
    expect(svg.match(/<g class="weak"><title>nrt-iad:/g)).to.have.length(1)
    expect(svg).to.include('>A nrt1<tspan class="mark"> [2]</tspan>')
    expect(svg).to.include('warning TOPOLOGY_SINGLE_POINT: node &quot;nrt1&quot; in NRT is cut off')
  })

  it('marks every link of a risk', () => {
    const shared = wheelWith(['nrt-sin: { between: [NRT, SIN] }', 'nrt-sin: { between: [NRT, SIN], risks: [pacific] }'])
    const svg = topologySvg(viewOf(scratch(), shared))
    expect(svg.match(/<g class="weak"><title>[^:]+/g)!.map((head) => head.split('>').at(-1))).to.have.members([
      'lax-nrt',
      'nrt-iad',
      'nrt-sin',
      'sjc-hkg',
    ])
  })

  it('has the texts of the config as text, never as markup', () => {
    const named = withLine(11, `  ams1: { cloud: A, site: '</text><script>&"''', address: 127.0.0.1:5311 }`)
    const svg = topologySvg(viewOf(scratch(), named))
    expectWellFormed(svg)
    expect(svg).to.include('&lt;/text&gt;&lt;script&gt;&amp;&quot;&#39;')
  })

  it('is well formed for any topology', () => {
    fc.assert(
      fc.property(anySketch, ({ sites, links }) => {
        expectWellFormed(topologySvg({ file: 'f', sites, links, clouds: [], unplaced: [], findings: [] }))
      }),
      seededRuns(40),
    )
  })

  it('is drawn for an empty config', () => expectWellFormed(topologySvg(viewOf(scratch(), SOUND.replace(/nodes:[\s\S]*/, '')))))
})

describe('zonecast topology', () => {
  const scratch = scratchDirs()

  async function run(...args: string[]): Promise<{ out: string; err: string; status: number }> {
    let [out, err, status] = ['', '', 0]
    const program = buildProgram({
      terminal: {
        write: (text) => (out += text),
        complain: (sentence) => (err += `${sentence}\n`),
        isLive: false,
        hasColour: false,
        columns: 160,
        rows: 24,
      },
      parts: { loadHub: () => Promise.reject(), loadDemo: () => Promise.reject(), loadVantage: () => Promise.reject() },
      setExit: (wanted) => (status = wanted),
    })
    await program
      .parseAsync(['node', 'zonecast', ...args])
      .catch((error: { exitCode?: number }) => (status = error.exitCode ?? -1))
    return { out, err, status }
  }

  it('prints text, SVG or JSON', async () => {
    expect((await run('topology', '-c', WHEEL_FILE)).out).to.match(/^14 sites/)
    expect((await run('topology', '-c', WHEEL_FILE, '--format', 'svg')).out).to.match(/^<svg xmlns/)
    const shown = JSON.parse((await run('topology', '-c', WHEEL_FILE, '--json')).out)
    expect(shown.rings[0]).to.deep.equal({ sites: ['LHR', 'MIA', 'LAX', 'NRT', 'SIN', 'FRA'], isClosed: true })
    expect(shown).to.include.keys('file', 'sites', 'links', 'clouds', 'unplaced', 'findings')
  })

  it('draws a config with findings, with status 0, and refuses a config with errors, with status 2', async () => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, WEAK, { mode: 0o600 })
    expect(await run('topology', '-c', file)).to.include({ status: 0, err: '' })
    writeFileSync(file, WEAK.replace('[IAD, AMS]', '[IAD, AMX]'))
    const { out, err, status } = await run('topology', '-c', file)
    expect({ out, status }).to.deep.equal({ out: '', status: 2 })
    expect(err).to.match(/CONFIG_DANGLING there is no site "AMX"/)
  })

  it('refuses unknown arguments', async () => {
    for (const args of [['--format', 'png'], ['--colour'], ['ring'], ['--url', 'http://x']]) {
      const { out, err, status } = await run('topology', '-c', WHEEL_FILE, ...args)
      expect({ out, status }, args.join(' ')).to.deep.equal({ out: '', status: 1 })
      expect(err).to.match(/zonecast --help/)
    }
  })

  it('check lists the elements of each finding as JSON', async () => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, WEAK, { mode: 0o600 })
    const { out, status } = await run('check', '-c', file, '--json')
    const { errors, warnings, findings } = JSON.parse(out)
    expect({ errors, warnings, status }).to.deep.equal({ errors: 0, warnings: 2, status: 0 })
    expect(findings[1].about).to.deep.include({ kind: 'link', name: 'nrt-iad' })
  })
})
