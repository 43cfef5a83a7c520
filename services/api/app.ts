/** Builds the Express app; does not listen. */
import { fileURLToPath } from 'node:url'
import express, { type Express, type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import { atLeast, authenticate } from './auth.js'
import type { ApiContext } from './context.js'
import type { EventStreams } from './events.js'
import { registerGauges } from './gauges.js'
import { describeApi } from './openapi.js'
import { ApiProblem, problemHandler } from './problem.js'
import { commandRoutes } from './routes/commands.js'
import { nodeRoutes } from './routes/nodes.js'
import { probeRoutes } from './routes/probes.js'
import { rolloutRoutes } from './routes/rollouts.js'
import { statusRoutes } from './routes/status.js'
import { zoneRoutes } from './routes/zones.js'

const MAX_BODY = '64kb'
/** Requests a minute from one address: far above a dashboard with a script beside it, far below a flood. */
const REQUESTS_PER_MINUTE = 6_000

/**
 * The page brings its own script, style and icon and talks to this API alone; nothing inline, nothing from elsewhere, in no frame.
 * Trusted types: a text can become markup nowhere in it.
 */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ["'none'"],
}

export function buildApp(context: ApiContext, events: EventStreams): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
      strictTransportSecurity: false,
    }),
  )
  // Lines about requests are for debugging; what an operator changed is logged by itself.
  app.use(pinoHttp({ logger: context.log, useLevel: 'debug', quietReqLogger: true }) as RequestHandler)
  app.use(probeRoutes(context))
  app.use(
    rateLimit({
      windowMs: 60_000,
      limit: REQUESTS_PER_MINUTE,
      standardHeaders: true,
      legacyHeaders: false,
      handler: (_req, _res, next) => next(new ApiProblem(429, 'rate', 'too many requests; wait a minute')),
    }),
  )
  // The page itself holds nothing secret; what it shows comes from routes that ask for the token.
  app.use(express.static(fileURLToPath(new URL('./dashboard', import.meta.url)), { index: 'index.html' }))
  const description = describeApi()
  app.get('/openapi.json', (_req, res) => {
    res.json(description)
  })
  const auth = authenticate(
    () => context.matrix.config.api.tokens,
    () => context.matrix.now(),
  )
  registerGauges(context.metrics.registry, context)
  app.get('/metrics', auth, async (_req, res) => {
    res.type(context.metrics.registry.contentType).send(await context.metrics.registry.metrics())
  })
  const v1 = express.Router()
  v1.use(auth, atLeast('viewer'))
  v1.get('/events', (req, res) => events.open(req, res))
  v1.use(requireJson, express.json({ limit: MAX_BODY }))
  v1.use(statusRoutes(context), zoneRoutes(context), nodeRoutes(context), rolloutRoutes(context), commandRoutes(context))
  app.use('/v1', v1)
  app.use((req) => {
    throw new ApiProblem(404, 'no-route', `there is no ${req.method} ${req.path.slice(0, 200)}`)
  })
  app.use(problemHandler(context.log))
  return app
}

/** A body, if there is one, is JSON: a form sent by a foreign page never gets through. */
const requireJson: RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined
  if (hasBody && !req.is('application/json')) throw new ApiProblem(415, 'no-json', 'send the body as application/json')
  next()
}
