/** The part of the API's description about its callers. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { CallersAnswer, SessionAnswer, SignOutAnswer } from '../../lib/answers/caller-answers.js'
import { json } from './openapi-rollouts.js'
import { signInBody, signOutBody } from './order-schemas.js'

export const CALLER_ROUTES: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/v1/tokens',
    'x-role': 'admin',
    summary: 'Tokens and client certificates of the config, with their rights and last use; no secrets',
    responses: { 200: json(CallersAnswer, 'Callers') },
  },
  {
    method: 'get',
    path: '/v1/session',
    summary: 'The caller, and what the live page needs for orders',
    responses: { 200: json(SessionAnswer, 'The session, or the caller without one') },
  },
  {
    method: 'post',
    path: '/v1/sign-in',
    'x-role': 'viewer',
    summary: 'Open a session for the token of the request: a cookie that no script and no other site can use',
    request: { body: { content: { 'application/json': { schema: signInBody } } } },
    responses: { 200: json(SessionAnswer, 'The session; Set-Cookie has its secret') },
  },
  {
    method: 'post',
    path: '/v1/sign-out',
    'x-role': 'viewer',
    summary: 'End the session of the cookie',
    request: { body: { content: { 'application/json': { schema: signOutBody } } } },
    responses: { 200: json(SignOutAnswer, 'Done') },
  },
]
