/**
 * Traces with OpenTelemetry: one for each announced version, to its confirmation by the last node. Only the API is here; the SDK is
 * the operator's, loaded with `NODE_OPTIONS=--import`. Without one a trace costs the reading of a variable.
 *
 * Spans are linked by texts (`traceparent`, W3C Trace Context), which job data carries between processes. A text from outside is only
 * a parent: it decides nothing.
 */
import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { describeError } from '../errors.js'
import { reportFault } from './guard.js'
import { VERSION } from './version.js'

/** `00-TRACE-SPAN-FLAGS` in hexadecimal. */
export const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

export interface SpanFacts {
  /** Milliseconds since 1970; default: now. */
  startTime?: number | undefined
  endTime?: number | undefined
  attributes: Record<string, string | number | undefined>
}

let isOn: boolean | undefined

/** An SDK is registered: it is loaded before the program. */
export function isTracing(): boolean {
  isOn ??=
    safely(() => isSpanContextValid(trace.getTracer('zonecast', VERSION).startSpan('zonecast start').spanContext())) ?? false
  return isOn
}

/** The SDK is the operator's, and may throw: the work goes on, and the fault is counted. */
function safely<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    reportFault('trace', error)
    return undefined
  }
}

/** For tests, which register providers of their own. */
export function forgetTracing(): void {
  isOn = undefined
}

/** Anything but a valid text is no parent. */
function contextOf(parent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(parent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(context) ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT
}

const textOf = (span: Span | undefined): string | undefined =>
  safely(() => {
    if (span === undefined) return undefined
    const { traceId, spanId, traceFlags } = span.spanContext()
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  })

function begin(name: string, parent: string | undefined, { startTime, attributes }: SpanFacts): Span | undefined {
  const given = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[`zonecast.${key}`, value]]))
  const options = {
    kind: SpanKind.INTERNAL,
    attributes: Object.fromEntries(given) as Attributes,
    ...(startTime === undefined ? {} : { startTime }),
  }
  return safely(() => trace.getTracer('zonecast', VERSION).startSpan(`zonecast ${name}`, options, contextOf(parent)))
}

/** A step that has ended. Returns its text as a parent; undefined without an SDK. */
export function noteSpan(name: string, parent: string | undefined, facts: SpanFacts): string | undefined {
  if (!isTracing()) return undefined
  const span = begin(name, parent, facts)
  safely(() => span?.end(facts.endTime))
  return textOf(span)
}

/** Runs a step; `work` gets its text as a parent. An error is noted and thrown. */
export async function inSpan<T>(
  name: string,
  parent: string | undefined,
  facts: SpanFacts,
  work: (self: string | undefined) => Promise<T>,
): Promise<T> {
  if (!isTracing()) return await work(undefined)
  const span = begin(name, parent, facts)
  try {
    return await work(textOf(span))
  } catch (error) {
    safely(() => span?.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error) }))
    throw error
  } finally {
    safely(() => span?.end())
  }
}
