/** The description of the orders to verify. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { JobQueuedAnswer } from '../../lib/answers/job-answers.js'
import { nodeVerifyBody, verifyBody, zoneVerifyBody } from './order-schemas.js'
import { json, zoneParam } from './openapi-rollouts.js'

const responses = { 202: json(JobQueuedAnswer, 'The queued job') }
const bodyOf = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })

export const VERIFY_ROUTES: readonly RouteConfig[] = [
  {
    method: 'post',
    path: '/v1/zones/{zone}/verify',
    'x-role': 'operator',
    summary: 'Compare what nodes serve of a zone with its released version',
    request: { params: zoneParam, body: bodyOf(zoneVerifyBody) },
    responses,
  },
  {
    method: 'post',
    path: '/v1/nodes/{node}/verify',
    'x-role': 'operator',
    summary: 'Compare what a node serves with the released versions',
    request: { params: z.object({ node: z.string() }), body: bodyOf(nodeVerifyBody) },
    responses,
  },
  {
    method: 'post',
    path: '/v1/verify',
    'x-role': 'operator',
    summary: 'Compare what nodes serve with the released versions',
    request: { body: bodyOf(verifyBody) },
    responses,
  },
]
