/** The part of the API's description about rollouts and orders. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { OrderedAnswer, RolloutAnswer, RolloutsAnswer } from '../../lib/answers/rollout-answers.js'
import { approveBody, holdBody, rejectBody, releaseBody, rollbackBody } from './order-schemas.js'
import { rolloutsQuery } from './schemas.js'

export const json = (schema: z.ZodType, description: string) => ({ description, content: { 'application/json': { schema } } })
export const zoneParam = z.object({
  zone: z
    .string()
    .describe(
      'Zone name, with or without the final dot; the root and names with special characters as `hex..` and their octets in hex',
    ),
})

const orders = (role: string, rows: readonly (readonly [path: string, summary: string, body: z.ZodObject])[]): RouteConfig[] =>
  rows.map(([path, summary, schema]) => ({
    method: 'post',
    path: `/v1/zones/{zone}/${path}`,
    'x-role': role,
    summary,
    request: { params: zoneParam, body: { content: { 'application/json': { schema } } } },
    responses: { 200: json(OrderedAnswer, 'The order, which all hubs carry out') },
  }))

export const ROLLOUT_ROUTES: RouteConfig[] = [
  {
    method: 'get',
    path: '/v1/rollouts',
    summary: 'Versions in rollout, held or complete, newest first',
    request: { query: rolloutsQuery },
    responses: { 200: json(RolloutsAnswer, 'Rollouts') },
  },
  {
    method: 'get',
    path: '/v1/rollouts/{id}',
    summary: 'One rollout: checks, stages, confirmations of nodes, and what it waits for',
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: json(RolloutAnswer, 'Rollout') },
  },
  ...orders('operator', [['hold', 'Release no version of the zone', holdBody]]),
  ...orders('publisher', [
    ['release', 'Lift the hold of the zone', releaseBody],
    ['approve', 'Continue the rollout of a version that a check holds or a stage halted', approveBody],
    ['reject', 'Never release this version', rejectBody],
    ['rollback', 'Release old content again under a new serial', rollbackBody],
  ]),
]
