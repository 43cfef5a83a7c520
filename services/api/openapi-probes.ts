/** The description of the routes of service addresses. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { HealthAnswer } from '../../lib/answers/health-answers.js'
import { ProbesAnswer, WhoisAnswer } from '../../lib/answers/probe-answers.js'
import { healthQuery } from './schemas.js'
import { json } from './openapi-rollouts.js'
import { probeBody } from './order-schemas.js'
import { whoisQuery } from './schemas.js'

export const PROBE_ROUTES: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/v1/probes',
    summary: 'The last probe of each service address and zone: which instance answers, with which serial',
    responses: { 200: json(ProbesAnswer, 'Probes') },
  },
  {
    method: 'post',
    path: '/v1/probes',
    'x-role': 'operator',
    summary: 'Ask the service addresses now',
    request: { body: { content: { 'application/json': { schema: probeBody } } } },
    responses: { 200: json(ProbesAnswer, 'Probes') },
  },
  {
    method: 'get',
    path: '/v1/nodes/{node}/health',
    summary: 'The verdict about a node for routing',
    request: { params: z.object({ node: z.string() }), query: healthQuery },
    responses: {
      200: json(HealthAnswer, 'Serve or degrade; any verdict with status=always'),
      503: json(HealthAnswer, 'Withdraw'),
    },
  },
  {
    method: 'get',
    path: '/v1/whois/{identity}',
    summary: 'The node with this name, what it serves and served, and its problems',
    request: { params: z.object({ identity: z.string() }), query: whoisQuery },
    responses: { 200: json(WhoisAnswer, 'The node') },
  },
]
