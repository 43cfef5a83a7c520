/**
 * `npm run package:debian` builds a Debian package from the files that npm would publish, with the packages that the program uses.
 * Usage: node setup/debian/build-package.mjs [FOLDER]; prints the path of the package, which is in FOLDER or in build/.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { controlFile, copyrightFile, debianChangelog, SCRIPTS } from './package-texts.mjs'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const LIB = 'usr/lib/zonecast'
const DOC = 'usr/share/doc/zonecast'
const UNITS = 'usr/lib/systemd/system'
/** Files of packages that the program does not read; `.node`: parts in machine code, which all have a form in JavaScript. */
const NO_USE =
  /^(readme|changelog|history|security|contributing|authors|\..*|.*\.(md|markdown|map|ts|mts|cts|flow|node|html|sh)|.*\.test\.js)$/i
const NO_USE_FOLDERS = new Set(
  'test tests docs doc example examples benchmark benchmarks scripts .github .husky __tests__'.split(' '),
)

/** @param {string} outFolder @returns {string} the path of the package */
export function buildPackage(outFolder) {
  const { version, description, license } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
  if (!existsSync(join(PROJECT, 'dist/services/main.js'))) throw new Error('dist is missing: run npm run build first')
  const root = mkdtempSync(join(tmpdir(), 'zonecast-deb-'))
  try {
    installProgram(root)
    installUnits(root)
    installOutputs(root)
    installDocs(root, { version, license })
    setModes(root)
    writeControl(root, { version, description })
    mkdirSync(outFolder, { recursive: true })
    const file = join(outFolder, `zonecast_${version}_all.deb`)
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', root, file], { stdio: ['ignore', 'ignore', 'inherit'] })
    return file
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The files of `npm pack`, and the packages of the lock without those for development. */
function installProgram(root) {
  const work = mkdtempSync(join(tmpdir(), 'zonecast-npm-'))
  try {
    const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    const [{ filename }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', work], PROJECT))
    execFileSync('tar', ['-xzf', join(work, filename), '-C', work])
    for (const name of ['package-lock.json', '.npmrc']) copyFileSync(join(PROJECT, name), join(work, 'package', name))
    npm(['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], join(work, 'package'))
    const lib = join(root, LIB)
    mkdirSync(lib, { recursive: true })
    cpSync(join(work, 'package/dist'), join(lib, 'dist'), { recursive: true })
    copyFileSync(join(work, 'package/package.json'), join(lib, 'package.json'))
    cpSync(join(work, 'package/node_modules'), join(lib, 'node_modules'), { recursive: true, filter: isUsed })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  symlinkSync('../lib/zonecast/dist/services/main.js', join(root, 'usr/bin/zonecast'))
}

function isUsed(path) {
  const inside = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const name = inside.split('/').at(-1)
  if (name === '.bin' || name === '.package-lock.json') return false
  if (/^@?msgpackr-extract/.test(inside)) return false
  const parts = inside.split('/')
  // The first parts are the name of the package; a folder further down may be a part of the program.
  const depth = parts.length - (inside.startsWith('@') ? 2 : 1)
  if (depth <= 0) return true
  return statSync(path).isDirectory() ? depth > 1 || !NO_USE_FOLDERS.has(name) : !NO_USE.test(name)
}

/** Units name the place of the program in this package. */
function installUnits(root) {
  const copy = (from, to) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    const text = readFileSync(join(PROJECT, from), 'utf8')
    writeFileSync(
      join(root, to),
      text
        .replaceAll('/usr/local/bin/zonecast', '/usr/bin/zonecast')
        .replaceAll('/opt/zonecast/docs', `/${DOC}`)
        .replaceAll('/opt/zonecast/deploy/health', `/${LIB}/health`),
    )
  }
  for (const file of filesBelow(join(PROJECT, 'deploy/systemd'))) copy(`deploy/systemd/${file}`, `${UNITS}/${file}`)
  // For the machine of a router: the unit runs them.
  cpSync(join(PROJECT, 'deploy/health'), join(root, LIB, 'health'), { recursive: true })
  copy('deploy/sysusers.d/zonecast.conf', 'usr/lib/sysusers.d/zonecast.conf')
  copy('deploy/tmpfiles.d/zonecast.conf', 'usr/lib/tmpfiles.d/zonecast.conf')
}

/** The manual page and completions, as the program prints them. */
function installOutputs(root) {
  const printed = (...args) =>
    execFileSync(process.execPath, [join(PROJECT, 'dist/services/main.js'), ...args], { encoding: 'utf8' })
  const write = (path, content) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  write('usr/share/man/man1/zonecast.1.gz', zipped(printed('man')))
  write('usr/share/bash-completion/completions/zonecast', printed('completion', 'bash'))
  write('usr/share/zsh/vendor-completions/_zonecast', printed('completion', 'zsh'))
  write('usr/share/fish/vendor_completions.d/zonecast.fish', printed('completion', 'fish'))
}

function installDocs(root, { version, license }) {
  const doc = join(root, DOC)
  mkdirSync(join(doc, 'examples'), { recursive: true })
  cpSync(join(PROJECT, 'docs'), doc, { recursive: true })
  for (const folder of ['prometheus', 'grafana', 'health'])
    cpSync(join(PROJECT, 'deploy', folder), join(doc, 'examples', folder), { recursive: true })
  copyFileSync(join(PROJECT, 'config/zonecast.example.yaml'), join(doc, 'examples/zonecast.yaml'))
  writeFileSync(join(doc, 'changelog.gz'), zipped(readFileSync(join(PROJECT, 'CHANGELOG.md'))))
  writeFileSync(join(doc, 'changelog.Debian.gz'), zipped(debianChangelog(version, buildTime())))
  writeFileSync(
    join(doc, 'copyright'),
    copyrightFile(license, readFileSync(join(PROJECT, 'LICENSE'), 'utf8'), licensesBelow(join(root, LIB, 'node_modules'))),
  )
}

/** Name and licence of each package in the folder, sorted. */
function licensesBelow(folder) {
  const manifests = filesBelow(folder).filter((file) => /^(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
  return manifests
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .map(({ name, license }) => ({ name, license: typeof license === 'string' ? license : 'see its package.json' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function writeControl(root, { version, description }) {
  const folder = join(root, 'DEBIAN')
  mkdirSync(folder)
  const files = filesBelow(root).filter((file) => !file.startsWith('DEBIAN/'))
  const kilobytes = Math.ceil(files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0) / 1024)
  writeFileSync(join(folder, 'control'), controlFile({ version, description, kilobytes }))
  const sums = execFileSync('md5sum', files, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  writeFileSync(join(folder, 'md5sums'), sums)
  for (const [name, text] of Object.entries(SCRIPTS)) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
}

/** Readable by all, and writable by root; programs may be run. */
function setModes(root) {
  for (const file of filesBelow(root)) {
    const path = join(root, file)
    const isProgram = file === `${LIB}/dist/services/main.js` || /\/health\/[^/]*\.sh$/.test(file)
    chmodSync(path, isProgram ? 0o755 : 0o644)
  }
  for (const folder of foldersBelow(root)) chmodSync(folder, 0o755)
}

/** SOURCE_DATE_EPOCH makes the same package of the same files. */
const buildTime = () => new Date(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000) * 1000)

const zipped = (content) => gzipSync(content, { level: 9 })

/** Paths of files below the folder, relative to it; symbolic links are left out. */
const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))

const foldersBelow = (folder) => [
  folder,
  ...readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name)),
]

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(buildPackage(resolve(process.argv[2] ?? join(PROJECT, 'build'))))
