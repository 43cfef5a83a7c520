/** The import rules, checked on every TypeScript file and every script of the page and of set-up. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect } from 'chai'

interface Import {
  from: string
  /** A path inside the project, or a package's or module's name. */
  to: string
  /** Removed by compilation: it does not count as an import. */
  typeOnly: boolean
}

const FOLDERS = ['config', 'lib', 'services', 'lab', 'test', 'setup', 'bench']

const FILES = FOLDERS.flatMap((folder) => {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))
  } catch {
    return [] // absent
  }
}).filter((path) => /\.(ts|js|mjs)$/.test(path))

const TEXT = new Map(FILES.map((file) => [file, readFileSync(file, 'utf8')]))

const FROM = /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

const IMPORTS: Import[] = FILES.flatMap((from) => {
  const text = TEXT.get(from)!
  const resolve = (to: string) => (to.startsWith('.') ? sourceOf(normalize(join(dirname(from), to))) : to)
  return [
    ...[...text.matchAll(FROM)].map(([, type, to]) => ({ from, to: resolve(to!), typeOnly: type !== undefined })),
    // In a comment it is a type.
    ...[...text.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(DYNAMIC)].map(([, to]) => ({
      from,
      to: resolve(to!),
      typeOnly: false,
    })),
  ]
})

/** The file behind an import of `x.js`: TypeScript, a script of the page, or types alone. */
function sourceOf(path: string): string {
  const sources = ['.ts', '.js', '.d.ts'].map((ending) => path.replace(/\.js$/, ending))
  return sources.find((source) => TEXT.has(source)) ?? sources[0]!
}

const isIn = (path: string, ...folders: string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
const isOurs = (path: string): boolean => isIn(path, ...FOLDERS)
const product = (path: string): boolean => isIn(path, 'config', 'lib', 'services', 'lab')

/** Fails with the imports that break a rule, one per line. */
function expectNone(breaks: (i: Import) => boolean): void {
  const broken = IMPORTS.filter(breaks).map(({ from, to }) => `${from} imports ${to}`)
  expect(broken, `\n${broken.join('\n')}\n`).to.deep.equal([])
}

/** Each row may import the rows above it, and its own folder. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['dns'],
  ['zone'],
  ['names'],
  ['xfr', 'checks', 'catalog', 'lookup'],
  ['fleet'],
  ['rollout', 'render'],
  ['runtime'],
  ['transport', 'store', 'state', 'queue'],
  ['transfer', 'shards', 'control', 'audit', 'probe'],
  ['answers', 'refresh', 'observe'],
  ['push', 'release', 'verify'],
]
const layerOf = (path: string): number => LAYERS.findIndex((row) => row.includes(path.split('/')[1] ?? ''))
const PURE = ['dns', 'zone', 'names', 'xfr', 'checks', 'catalog', 'lookup', 'render', 'fleet', 'rollout', 'answers'].map(
  (folder) => `lib/${folder}`,
)

/** Packages and modules with a single importer. */
const DOORS: Record<string, string[]> = {
  'node:net': ['lib/transport', 'config/address.ts', 'lab'],
  'node:dgram': ['lib/transport', 'lab'],
  'node:tls': ['lib/transport', 'config/certificates.ts'],
  bullmq: ['lib/queue', 'services/worker'],
  ioredis: ['lib/queue', 'lib/state'],
  express: ['services/api'],
  pino: ['lib/runtime/logger.ts'],
  '@opentelemetry/api': ['lib/runtime/trace.ts'],
  'dns-packet': [],
  yaml: ['config'],
}

/** The composition root: it puts the parts of a process together. */
const ROOT = ['services/main.ts', 'services/hub']

describe('the project', () => {
  it('has files to check', () => {
    expect(FILES.length).to.be.greaterThan(20)
    expect(IMPORTS.length).to.be.greaterThan(50)
    expect(
      IMPORTS.filter(({ to }) => isOurs(to) && !TEXT.has(to)).map(({ from, to }) => `${from} imports ${to}, which is not there`),
    ).to.deep.equal([])
  })

  it('1: lets a service import lib and config, never another service', () => {
    const service = (path: string) => path.split('/')[1]
    expectNone(
      ({ from, to }) => isIn(from, 'services') && isIn(to, 'services') && !isIn(from, ...ROOT) && service(from) !== service(to),
    )
    expectNone(({ from, to }) => isIn(from, 'services') && isIn(to, 'test', 'bench', 'setup'))
    expectNone(({ from, to }) => isIn(from, 'services') && isIn(to, 'lab') && !isIn(from, 'services/demo'))
  })

  it('2: lets config import lib/dns and lib/errors; lib gets plain values', () => {
    expectNone(({ from, to }) => isIn(from, 'config') && isOurs(to) && !isIn(to, 'config', 'lib/dns', 'lib/errors.ts'))
    expectNone(({ from, to }) => isIn(from, 'lib') && isOurs(to) && !isIn(to, 'lib'))
  })

  it('3: lets a folder of lib import only folders above it', () => {
    const stray = FILES.filter((file) => isIn(file, 'lib') && layerOf(file) === -1)
    expect(stray, 'files of lib in no layer').to.deep.equal([])
    expectNone(({ from, to }) => {
      if (!isIn(from, 'lib') || !isIn(to, 'lib') || dirname(from) === dirname(to)) return false
      return from.split('/')[1] !== to.split('/')[1] && layerOf(to) >= layerOf(from)
    })
  })

  it('4: keeps side effects out of deciding code', () => {
    const outside = /^node:(net|dgram|tls|fs|http|https|child_process|timers|worker_threads)(\/|$)/
    expectNone(({ from, to }) => isIn(from, ...PURE) && outside.test(to))
    const clocks = FILES.filter(
      (file) => isIn(file, ...PURE) && /\bDate\.now\(|\bnew Date\(\)|performance\.now\(|setTimeout\(/.test(TEXT.get(file)!),
    )
    expect(clocks, 'pure files that look at the clock').to.deep.equal([])
  })

  for (const [name, doors] of Object.entries(DOORS)) {
    it(`5: imports ${name} in one place`, () => {
      expectNone(
        ({ from, to, typeOnly }) =>
          product(from) && !typeOnly && (to === name || to.startsWith(`${name}/`)) && !isIn(from, ...doors),
      )
    })
  }

  it('5: reads the environment in one place, and in one of the lab', () => {
    const doors = ['config/env.ts', 'lab/program.ts']
    const readers = FILES.filter(
      (file) => product(file) && !doors.includes(file) && /\bprocess\.env\b/.test(withoutComments(file)),
    )
    expect(readers).to.deep.equal([])
  })

  it('lets the lab import lib and Node.js alone', () => {
    expectNone(({ from, to }) => isIn(from, 'lab') && !isIn(to, 'lab', 'lib') && !to.startsWith('node:'))
  })

  it('6: has no barrels, no default exports and no cycles', () => {
    expect(FILES.filter((file) => file.endsWith('/index.ts'))).to.deep.equal([])
    expect(FILES.filter((file) => /^export default\b/m.test(TEXT.get(file)!))).to.deep.equal([])
    expect(findCycle()?.join(' → ')).to.equal(undefined)
  })

  it('draws no message id or port from Math.random', () => {
    const guessable = FILES.filter(
      (file) => isIn(file, 'lib/dns', 'lib/transport') && /\bMath\.random\b/.test(withoutComments(file)),
    )
    expect(guessable).to.deep.equal([])
  })

  it('has no file over 300 lines', () => {
    const long = FILES.filter((file) => TEXT.get(file)!.split('\n').length - 1 > 300)
    expect(long).to.deep.equal([])
  })

  it('starts every file with its purpose', () => {
    expect(FILES.filter((file) => !/^(#!.*\n)?\/\*\*/.test(TEXT.get(file)!))).to.deep.equal([])
  })
})

const withoutComments = (file: string): string => TEXT.get(file)!.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')

/** The files of a cycle, first and last the same. Type-only imports count: such files cannot be read one by one. */
function findCycle(): string[] | undefined {
  const next = new Map<string, string[]>()
  for (const { from, to } of IMPORTS) if (TEXT.has(to)) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const to of next.get(file) ?? []) {
      const cycle = visit(to, [...trail, file])
      if (cycle !== undefined) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of FILES) {
    const cycle = visit(file, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
