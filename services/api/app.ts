/** Builds the Express app; does not listen. */
import { fileURLToPath } from 'node:url'
import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import { atLeast, authenticate } from './auth.js'
import type { ApiContext } from './context.js'
import { answerShort, HEAVY_LIMITS, HeavyAnswers } from './heavy-answers.js'
import type { EventStreams } from './events.js'
import type { Gate } from './gate.js'
import { registerGauges } from './gauges.js'
import { describeApi } from './openapi.js'
import { ApiProblem, problemHandler } from './problem.js'
import { auditRoutes } from './routes/audit.js'
import { callerRoutes } from './routes/callers.js'
import { catalogRoutes } from './routes/catalogs.js'
import { commandRoutes } from './routes/commands.js'
import { configurationRoutes } from './routes/configuration.js'
import { healthRoutes } from './routes/health.js'
import { nodeRoutes } from './routes/nodes.js'
import { probeRoutes } from './routes/probes.js'
import { provisionRoutes } from './routes/provision.js'
import { rolloutRoutes } from './routes/rollouts.js'
import { serviceProbeRoutes } from './routes/service-probes.js'
import { sessionRoutes } from './routes/session.js'
import { statusRoutes } from './routes/status.js'
import { vantageReportRoutes, vantageRoutes } from './routes/vantages.js'
import { verifyRoutes } from './routes/verify.js'
import { workerRoutes } from './routes/workers.js'
import { zoneRoutes } from './routes/zones.js'
import { requestForLog, responseForLog } from './request-log.js'
import { scopeOf } from './scope.js'
import { veilAnswers } from './veil.js'
import { readZoneSegment } from './zone-segment.js'
import { hasZoneSeries, writeZoneSeries } from './zone-series.js'

const MAX_BODY = '64kb'
/** Most levels of a JSON body; the schemas have three. */
const MAX_DEPTH = 32

/**
 * The page loads its own script, style and icon and calls only this API: nothing inline, nothing from other hosts, in no frame.
 * Trusted types: no text can become markup.
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

export function buildApp(context: ApiContext, events: EventStreams, gate: Gate): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
      strictTransportSecurity: false,
    }),
  )
  // Lines about requests are for debugging; orders of an operator have log lines of their own.
  const serializers = { req: requestForLog, res: responseForLog }
  app.use(
    pinoHttp({
      logger: context.log,
      useLevel: 'debug',
      quietReqLogger: true,
      wrapSerializers: false,
      serializers,
    }) as RequestHandler,
  )
  app.use(probeRoutes(context))
  // The page itself holds no secret; its data comes from routes that require the token.
  app.use(express.static(fileURLToPath(new URL('./dashboard', import.meta.url)), { index: 'index.html' }))
  // Made at the first request, because it takes longer than any other part of the start.
  let description: ReturnType<typeof describeApi> | undefined
  app.get('/openapi.json', (_req, res) => {
    description ??= describeApi()
    res.json(description)
  })
  const auth = authenticate(gate.identify)
  const { metrics, matrix } = context
  registerGauges(metrics.registry, context)
  // A scrape waits only for other scrapes: an alarm must not depend on readers of zones.
  const scrapes = new HeavyAnswers(HEAVY_LIMITS)
  app.get('/metrics', auth, atLeast('viewer'), async (_req, res) => {
    scopeOf(context, res).expectAll('the metrics')
    await matrix.sums.settle()
    const sums = await metrics.registry.metrics()
    const pairs = hasZoneSeries(matrix) ? matrix.fleet.zones.size * matrix.fleet.nodes.size : 0
    const answer: HeavyAnswers['answer'] = pairs === 0 ? answerShort : (to, work) => scrapes.answer(to, work)
    await answer(res, async (out) => {
      res.type(metrics.registry.contentType)
      await out.write(sums)
      await writeZoneSeries(matrix, out)
    })
  })
  const v1 = express.Router()
  const readBody = [requireJson, express.json({ limit: MAX_BODY }), requireFlat]
  v1.use(auth)
  // Their callers have no other right.
  v1.use(vantageReportRoutes(context, readBody))
  v1.use(atLeast('viewer'))
  v1.use((_req, res, next) => {
    veilAnswers(context, res)
    next()
  })
  v1.use(readZoneSegment)
  v1.get('/events', (req, res) => events.open(req, res))
  v1.use(...readBody)
  v1.use(
    statusRoutes(context),
    zoneRoutes(context),
    nodeRoutes(context),
    configurationRoutes(context),
    provisionRoutes(context),
    rolloutRoutes(context),
    commandRoutes(context),
    verifyRoutes(context),
    workerRoutes(context),
    serviceProbeRoutes(context),
    vantageRoutes(context),
    sessionRoutes(context),
    callerRoutes(context),
    healthRoutes(context),
    catalogRoutes(context),
    auditRoutes(context),
  )
  app.use('/v1', v1)
  app.use((req) => {
    throw new ApiProblem(404, 'no-route', `there is no route ${req.method} ${req.path.slice(0, 200)}`)
  })
  app.use(problemHandler(context.log))
  return app
}

/** A body, if there is one, must be JSON: a form sent by a foreign page never gets through. */
const requireJson: RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined
  if (hasBody && !req.is('application/json')) throw new ApiProblem(415, 'no-json', 'send the body as application/json')
  next()
}

/**
 * Recursive functions process the bodies, so a body that is nested deeper than any schema is refused before. So is a field
 * `toString`, which no schema has and with which a value cannot be compared or printed.
 */
const requireFlat: RequestHandler = (req, _res, next) => {
  let level: unknown[] = [req.body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      const message = `is nested deeper than ${MAX_DEPTH} levels`
      throw new ApiProblem(400, 'too-deep', `the body ${message}`, { errors: [{ field: 'body', message }] })
    }
    level = level.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return []
      if (Object.hasOwn(value, 'toString')) {
        const message = 'has the unknown field "toString"'
        throw new ApiProblem(400, 'does-not-fit', `the body ${message}`, { errors: [{ field: 'body', message }] })
      }
      return Object.values(value)
    })
  }
  next()
}
