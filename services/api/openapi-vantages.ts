/** The description of the routes of vantage points. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import {
  CatchmentAnswer,
  VantageAnswer,
  VantageReport,
  VantagesAnswer,
  VantageTakenAnswer,
  VantageTasksAnswer,
} from '../../lib/answers/vantage-answers.js'
import { json } from './openapi-rollouts.js'

const params = z.object({ vantage: z.string() })

export const VANTAGE_ROUTES: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/v1/vantages',
    summary: 'The vantage points, with their states and the sums of their last results',
    responses: { 200: json(VantagesAnswer, 'Vantage points') },
  },
  {
    method: 'get',
    path: '/v1/vantages/{vantage}',
    summary: 'A vantage point, with its last result for each service address and zone',
    request: { params },
    responses: { 200: json(VantageAnswer, 'The vantage point') },
  },
  {
    method: 'get',
    path: '/v1/catchment',
    summary: 'Which nodes each vantage point reaches at each service address, with the last changes',
    responses: { 200: json(CatchmentAnswer, 'The catchment') },
  },
  {
    method: 'get',
    path: '/v1/vantages/{vantage}/tasks',
    'x-role': 'vantage',
    summary: 'Tasks of the vantage point for one round, for its own token',
    request: { params },
    responses: { 200: json(VantageTasksAnswer, 'Tasks') },
  },
  {
    method: 'post',
    path: '/v1/vantages/{vantage}/results',
    'x-role': 'vantage',
    summary: 'Report what the vantage point saw at a service address; for its own token',
    request: { params, body: { content: { 'application/json': { schema: VantageReport } } } },
    responses: { 200: json(VantageTakenAnswer, 'Taken') },
  },
]
