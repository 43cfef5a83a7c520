/**
 * `npm run --silent sbom` prints the bill of materials of the program: CycloneDX JSON with each package of package-lock.json that it needs
 * to run. Made from that of npm with all packages, as `npm sbom --omit=dev` also omits packages that the tests need too.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runQuietly } from './command.mjs'
import { SetupError, say } from './report.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export function billOfMaterials() {
  const { name, packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const format = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  const bom = JSON.parse(runQuietly('npm sbom', 'npm', ['sbom', ...format], { cwd: ROOT }))
  const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  const refs = new Set(needed.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`))
  const isNeeded = (ref) => refs.has(ref) || ref === bom.metadata.component['bom-ref']
  return {
    ...bom,
    // npm names the program after its folder.
    metadata: { ...bom.metadata, component: { ...bom.metadata.component, name } },
    components: bom.components.filter((component) => isNeeded(component['bom-ref'])),
    dependencies: bom.dependencies
      .filter(({ ref }) => isNeeded(ref))
      .map((row) => ({ ...row, dependsOn: row.dependsOn.filter(isNeeded) })),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${JSON.stringify(billOfMaterials(), null, 2)}\n`)
  } catch (error) {
    say(error instanceof SetupError ? error.message : error.stack)
    process.exitCode = 1
  }
}
