/** The API's description (OpenAPI 3.1), from the schemas that check its input. */
import { OpenApiGeneratorV31, OpenAPIRegistry, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { VERSION } from '../../lib/runtime/version.js'
import { AuditAnchorsAnswer, AuditAnswer, AuditVerifyAnswer } from '../../lib/answers/audit-answers.js'
import { CatalogAnswer, CatalogsAnswer } from '../../lib/answers/catalog-answers.js'
import { AliveAnswer, ReadyAnswer, ReloadAnswer, StatusAnswer } from '../../lib/answers/hub-answers.js'
import { JobAnswer, JobQueuedAnswer, JobsAnswer, NoJobAnswer } from '../../lib/answers/job-answers.js'
import { DrainAnswer, NodeAnswer, NodesAnswer } from '../../lib/answers/node-answers.js'
import { PrimariesAnswer } from '../../lib/answers/primary-answers.js'
import { ProblemAnswer } from '../../lib/answers/problem-answers.js'
import { WorkersAnswer } from '../../lib/answers/worker-answers.js'
import { ChainAnswer, DifferenceAnswer, MatrixAnswer, ZoneAnswer, ZonesAnswer } from '../../lib/answers/zone-answers.js'
import {
  drainBody,
  nodeResyncBody,
  provisionBody,
  refreshBody,
  reloadBody,
  resyncBody,
  undrainBody,
  zoneResyncBody,
} from './order-schemas.js'
import { CALLER_ROUTES } from './openapi-callers.js'
import { PROBE_ROUTES } from './openapi-probes.js'
import { VANTAGE_ROUTES } from './openapi-vantages.js'
import { VERIFY_ROUTES } from './openapi-verify.js'
import { auditQuery, configurationQuery, diffQuery, matrixQuery, pageQuery } from './schemas.js'
import { json, ROLLOUT_ROUTES, zoneParam } from './openapi-rollouts.js'

const nodeParam = z.object({ node: z.string() })
const accepted = { 202: json(JobQueuedAnswer, 'The queued job') }
const resyncAccepted = { ...accepted, 200: json(NoJobAnswer, 'No pair is in one of `states`: nothing to do') }

export const ROUTES: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Alive',
    security: [],
    responses: { 200: json(AliveAnswer, 'Alive') },
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Ready to do all of its work',
    security: [],
    responses: {
      200: json(ReadyAnswer, 'Ready'),
      503: json(ReadyAnswer, 'Not ready, with the missing parts'),
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    responses: { 200: { description: 'Text exposition', content: { 'text/plain': { schema: z.string() } } } },
  },
  {
    method: 'get',
    path: '/v1/status',
    summary: 'Sums over all zones and nodes',
    responses: {
      200: json(StatusAnswer, 'Status'),
    },
  },
  {
    method: 'get',
    path: '/v1/matrix',
    summary: 'The sync matrix: zones × nodes, complete or in pages',
    request: { query: matrixQuery },
    responses: {
      200: json(MatrixAnswer, 'Matrix'),
    },
  },
  {
    method: 'get',
    path: '/v1/workers',
    summary: 'Worker processes of this hub, with the zones that each owns',
    responses: { 200: json(WorkersAnswer, 'Workers') },
  },
  {
    method: 'get',
    path: '/v1/primaries',
    summary: 'Primaries, with their zones compared to the current versions of this hub',
    responses: { 200: json(PrimariesAnswer, 'Primaries') },
  },
  {
    method: 'get',
    path: '/v1/zones',
    summary: 'Zones',
    request: { query: pageQuery },
    responses: { 200: json(ZonesAnswer, 'Zones') },
  },
  {
    method: 'get',
    path: '/v1/zones/{zone}',
    summary: 'One zone with nodes, primaries and versions',
    request: { params: zoneParam },
    responses: {
      200: json(ZoneAnswer, 'Zone'),
    },
  },
  {
    method: 'get',
    path: '/v1/zones/{zone}/versions/{serial}',
    summary: 'A kept version as a zone file',
    request: { params: zoneParam.extend({ serial: z.string() }) },
    responses: { 200: { description: 'RFC 1035 §5 text', content: { 'text/dns': { schema: z.string() } } } },
  },
  {
    method: 'get',
    path: '/v1/zones/{zone}/diff',
    summary: 'Records removed and added between two kept versions',
    request: { params: zoneParam, query: diffQuery },
    responses: {
      200: json(DifferenceAnswer, 'Difference'),
    },
  },
  {
    method: 'get',
    path: '/v1/zones/{zone}/nodes/{node}',
    summary: 'One zone on one node: state and the chain of the newest release',
    request: { params: zoneParam.extend({ node: z.string() }) },
    responses: {
      200: json(ChainAnswer, 'State and chain'),
    },
  },
  {
    method: 'get',
    path: '/v1/nodes',
    summary: 'Nodes',
    responses: { 200: json(NodesAnswer, 'Nodes') },
  },
  {
    method: 'get',
    path: '/v1/nodes/{node}',
    summary: 'One node and its zones',
    request: { params: nodeParam },
    responses: { 200: json(NodeAnswer, 'Node') },
  },
  {
    method: 'get',
    path: '/v1/nodes/{node}/configuration',
    summary: 'The name server configuration that a node needs for its zones, in the words of its make; without secrets',
    request: { params: nodeParam, query: configurationQuery },
    responses: { 200: { description: 'Configuration', content: { 'text/plain': { schema: z.string() } } } },
  },
  {
    method: 'get',
    path: '/v1/catalogs',
    summary: 'Catalog zones, consumed and published',
    responses: { 200: json(CatalogsAnswer, 'Catalogs') },
  },
  {
    method: 'get',
    path: '/v1/catalogs/{catalog}',
    summary: 'One catalog and its members',
    request: { params: z.object({ catalog: z.string() }), query: pageQuery },
    responses: { 200: json(CatalogAnswer, 'Catalog') },
  },
  {
    method: 'post',
    path: '/v1/zones/{zone}/refresh',
    'x-role': 'operator',
    summary: 'Poll the primaries now',
    request: { params: zoneParam, body: { content: { 'application/json': { schema: refreshBody } } } },
    responses: accepted,
  },
  {
    method: 'post',
    path: '/v1/zones/{zone}/resync',
    'x-role': 'operator',
    summary: 'Bring nodes to the released version of a zone again',
    request: { params: zoneParam, body: { content: { 'application/json': { schema: zoneResyncBody } } } },
    responses: resyncAccepted,
  },
  {
    method: 'post',
    path: '/v1/nodes/{node}/resync',
    'x-role': 'operator',
    summary: 'Bring a node to the released versions again',
    request: { params: nodeParam, body: { content: { 'application/json': { schema: nodeResyncBody } } } },
    responses: resyncAccepted,
  },
  {
    method: 'post',
    path: '/v1/resync',
    'x-role': 'operator',
    summary: 'Bring nodes to the released versions again',
    request: { body: { content: { 'application/json': { schema: resyncBody } } } },
    responses: resyncAccepted,
  },
  ...VERIFY_ROUTES,
  ...PROBE_ROUTES,
  ...VANTAGE_ROUTES,
  {
    method: 'post',
    path: '/v1/nodes/{node}/provision',
    'x-role': 'admin',
    summary: "Plan which zones the node's server lacks or has too many, and add and remove them; over its control channel",
    request: { params: nodeParam, body: { content: { 'application/json': { schema: provisionBody } } } },
    responses: accepted,
  },
  {
    method: 'post',
    path: '/v1/nodes/{node}/drain',
    'x-role': 'operator',
    summary: 'Stop delivery to a node',
    request: { params: nodeParam, body: { content: { 'application/json': { schema: drainBody } } } },
    responses: { 200: json(DrainAnswer, 'Done') },
  },
  {
    method: 'post',
    path: '/v1/nodes/{node}/undrain',
    'x-role': 'operator',
    summary: 'Restart delivery to a node',
    request: { params: nodeParam, body: { content: { 'application/json': { schema: undrainBody } } } },
    responses: { 200: json(DrainAnswer, 'Done') },
  },
  ...CALLER_ROUTES,
  ...ROLLOUT_ROUTES,
  {
    method: 'get',
    path: '/v1/jobs',
    summary: 'The newest jobs',
    responses: { 200: json(JobsAnswer, 'Jobs') },
  },
  {
    method: 'get',
    path: '/v1/jobs/{job}',
    summary: 'One job and its progress',
    request: { params: z.object({ job: z.string() }) },
    responses: { 200: json(JobAnswer, 'Job') },
  },
  {
    method: 'post',
    path: '/v1/reload',
    'x-role': 'admin',
    summary: 'Read the config file again',
    request: { body: { content: { 'application/json': { schema: reloadBody } } } },
    responses: { 200: json(ReloadAnswer, 'Reloaded') },
  },
  {
    method: 'get',
    path: '/v1/audit',
    summary: 'Who did what, when and why: entries of the audit log, newest first',
    request: { query: auditQuery },
    responses: { 200: json(AuditAnswer, 'Entries') },
  },
  {
    method: 'get',
    path: '/v1/audit/verify',
    'x-role': 'operator',
    summary: 'The proof that no line of the audit log was changed or dropped; may take some seconds for each million lines',
    responses: { 200: json(AuditVerifyAnswer, 'Chains, with findings') },
  },
  {
    method: 'get',
    path: '/v1/audit/anchors',
    summary: 'Lines of audit chains as peer hubs and Redis have them',
    responses: { 200: json(AuditAnchorsAnswer, 'Numbers and hashes') },
  },
  {
    method: 'get',
    path: '/v1/events',
    summary: 'Server-sent events: zone, node, rollout, check',
    responses: { 200: { description: 'Event stream', content: { 'text/event-stream': { schema: z.string() } } } },
  },
]

export function describeApi(): object {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  registry.registerComponent('securitySchemes', 'certificate', { type: 'mutualTLS' })
  for (const route of ROUTES) {
    const problem = {
      description: 'Problem document (RFC 9457)',
      content: { 'application/problem+json': { schema: ProblemAnswer } },
    }
    registry.registerPath({ ...route, responses: { ...route.responses, default: problem } })
  }
  const generator = new OpenApiGeneratorV31(registry.definitions)
  return generator.generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Zonecast',
      version: VERSION,
      description: 'Zone synchronization for anycast DNS',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ token: [] }, { certificate: [] }],
  })
}
