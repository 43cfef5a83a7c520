/** The configuration that a node needs for its zones, as text in the words of its make. */
import { Router } from 'express'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { RenderError } from '../../../lib/render/errors.js'
import { NodeConfiguration } from '../../../lib/render/node-configuration.js'
import type { NodeSetup } from '../../../lib/render/node-setup.js'
import { plainVersion } from '../../../lib/render/server-version.js'
import { type SetupWish, setupOf } from '../../../lib/render/setup-of-node.js'
import { type ApiContext, answerOf, nodeNamed } from '../context.js'
import { ApiProblem } from '../problem.js'
import { configurationQuery } from '../schemas.js'
import { scopeOf } from '../scope.js'

/** Zones looked up before the answer may rest. */
const ZONES_PER_STEP = 200

export function configurationRoutes(context: ApiContext): Router {
  const router = Router()
  const { matrix } = context

  router.get('/nodes/:node/configuration', async (req, res) => {
    const node = nodeNamed(context, res, req.params.node)
    // With a part of the zones, the server would lose the others.
    scopeOf(context, res).expectEveryZone(`the configuration of ${node.id}`)
    const { part, folder, version = await reportedVersion(context, node) } = configurationQuery.parse(req.query)
    const text = new NodeConfiguration(setupFor(context, node, { folder, version }), part)
    const names = await matrix.names()
    const carries = carriedBy(node)
    await answerOf(context, names.length)(res, async (out) => {
      res.type('text/plain')
      out.begin()
      await out.write(text.head)
      for (const [i, name] of names.entries()) {
        const zone = matrix.fleet.zones.get(name)
        if (zone !== undefined && carries(zone)) await out.write(text.zone({ name, isCatalog: zone.catalog !== undefined }))
        else if (i % ZONES_PER_STEP === 0) await out.rest()
      }
    })
  })

  return router
}

/** The version that the server reports over its control channel; undefined while it is not known. */
async function reportedVersion({ servers, matrix }: ApiContext, node: FleetNode): Promise<string | undefined> {
  if (node.control === undefined) return undefined
  const { version } = await servers.of(node, matrix.fleet.zonesOf(node.id))
  return version === null ? undefined : plainVersion(version)
}

const SLUGS: Readonly<Record<RenderError['code'], string>> = {
  RENDER_NO_KIND: 'no-kind',
  RENDER_NO_HUB_ADDRESS: 'no-hub-address',
  RENDER_TLS: 'tls',
}

/** Throws ApiProblem 422 that names the missing setting. */
export function setupFor({ matrix }: ApiContext, { id }: FleetNode, wish?: SetupWish): NodeSetup {
  try {
    return setupOf(matrix.config, id, wish)
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    throw new ApiProblem(422, SLUGS[error.code], error.message)
  }
}

/** Zones with the same clouds share a list of nodes, which is searched once. */
function carriedBy({ id }: FleetNode): (zone: FleetZone) => boolean {
  const known = new Map<FleetZone['nodes'], boolean>()
  return ({ nodes }) => {
    let carries = known.get(nodes)
    if (carries === undefined) {
      carries = nodes.some((node) => node.id === id)
      known.set(nodes, carries)
    }
    return carries
  }
}
