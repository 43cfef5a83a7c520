/**
 * A tracer provider in the place of an SDK, for programs that are started with `--import`: each span that ends is a line of JSON in
 * the file that ZONECAST_TEST_SPANS names.
 */
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { trace } from '@opentelemetry/api'

const file = process.env.ZONECAST_TEST_SPANS

class RecordedSpan {
  constructor(name, { attributes = {}, startTime = Date.now() } = {}, parent) {
    this.facts = { name, attributes, startTime, pid: process.pid, parent: parent?.spanId ?? null }
    this.context = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: 1,
    }
  }

  spanContext() {
    return this.context
  }

  setStatus(status) {
    this.facts.status = status
  }

  end(endTime = Date.now()) {
    const { traceId, spanId } = this.context
    if (file !== undefined) appendFileSync(file, `${JSON.stringify({ ...this.facts, endTime, traceId, spanId })}\n`)
  }
}

trace.setGlobalTracerProvider({
  getTracer: () => ({
    startSpan: (name, options, context) => new RecordedSpan(name, options, context && trace.getSpanContext(context)),
  }),
})
