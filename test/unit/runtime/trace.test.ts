/** Spans of the OpenTelemetry API: linked by texts that are only parents, and nothing without an SDK. */
import { expect } from 'chai'
import { type Attributes, type Context, type SpanContext, trace } from '@opentelemetry/api'
import { forgetTracing, inSpan, isTracing, noteSpan } from '../../../lib/runtime/trace.js'
import { setFaultSink } from '../../../lib/runtime/guard.js'
import { VersionTraces } from '../../../lib/runtime/version-traces.js'

interface Recorded {
  name: string
  parent: string | undefined
  attributes: Attributes
  ends: unknown[]
  status?: unknown
}

describe('a trace', () => {
  let spans: Recorded[]

  const register = (): void => {
    const startSpan = (name: string, { attributes = {} }: { attributes?: Attributes } = {}, context?: Context) => {
      const span: Recorded = { name, parent: context && trace.getSpanContext(context)?.spanId, attributes, ends: [] }
      spans.push(span)
      const id = spans.length.toString(16).padStart(16, '0')
      const spanContext: SpanContext = { traceId: 'a'.repeat(32), spanId: id, traceFlags: 1 }
      const setStatus = (status: unknown): void => void Object.assign(span, { status })
      return { spanContext: () => spanContext, end: (at?: unknown) => void span.ends.push(at), setStatus }
    }
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as never)
  }
  beforeEach(() => {
    spans = []
    trace.disable()
    forgetTracing()
  })
  after(() => {
    trace.disable()
    forgetTracing()
  })

  it('does not exist without an SDK, and the work is done', async () => {
    expect([isTracing(), noteSpan('x', undefined, { attributes: {} })]).to.deep.equal([false, undefined])
    expect(await inSpan('x', undefined, { attributes: {} }, async (self) => self ?? 'none')).to.equal('none')
    const traces = new VersionTraces()
    traces.note('a.', { serial: 1, digest: 'd' }, undefined)
    traces.step('push', 'a.', { serial: 1, digest: 'd' }, { attributes: {} })
  })

  it('links a step to the one before it, also through the data of a job', async () => {
    register()
    expect(isTracing()).to.equal(true)
    spans = []
    const first = noteSpan('announcement', undefined, { startTime: 5, endTime: 6, attributes: { zone: 'a.', none: undefined } })
    const { job } = JSON.parse(JSON.stringify({ job: first })) as { job: string }
    await inSpan('refresh', job, { attributes: {} }, async (self) => {
      const traces = new VersionTraces()
      traces.note('a.', { serial: 1, digest: 'd' }, self)
      traces.step('push', 'a.', { serial: 1, digest: 'd' }, { attributes: { node: 'n1' } })
      traces.step('push', 'a.', { serial: 2, digest: 'd' }, { attributes: {} })
    })
    expect(spans.map(({ name, parent }) => [name, parent])).to.deep.equal([
      ['zonecast announcement', undefined],
      ['zonecast refresh', '0000000000000001'],
      ['zonecast push', '0000000000000002'],
    ])
    expect(spans[0]!.attributes).to.deep.equal({ 'zonecast.zone': 'a.' })
    expect(spans.map(({ ends }) => ends.length)).to.deep.equal([1, 1, 1])
    expect(spans[0]!.ends).to.deep.equal([6])
  })

  it('does no harm where the SDK throws, at any step', async () => {
    const faults: string[] = []
    setFaultSink((where) => void faults.push(where))
    const fail = (): never => {
      throw new Error('out of memory')
    }
    const valid: SpanContext = { traceId: 'a'.repeat(32), spanId: '1'.padStart(16, '0'), traceFlags: 1 }
    let startSpan: () => unknown = () => ({ spanContext: () => valid, end: fail, setStatus: fail })
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => startSpan() }) } as never)
    try {
      expect(isTracing()).to.equal(true)
      expect(noteSpan('x', undefined, { attributes: {} })).to.be.a('string')
      expect(await inSpan('x', undefined, { attributes: {} }, async () => 'done')).to.equal('done')
      startSpan = fail
      expect(noteSpan('x', undefined, { attributes: {} })).to.equal(undefined)
      expect(await inSpan('x', undefined, { attributes: {} }, async (self) => self ?? 'done')).to.equal('done')
      forgetTracing()
      expect(isTracing()).to.equal(false)
      expect(faults).to.deep.equal(Array(5).fill('trace'))
    } finally {
      setFaultSink(undefined)
    }
  })

  it('begins anew where the text is no parent', () => {
    register()
    isTracing()
    spans = []
    const zeros = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`
    for (const text of [
      '',
      'x',
      zeros,
      `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01\n`,
    ])
      noteSpan('x', text, { attributes: {} })
    expect(spans.map(({ parent }) => parent)).to.deep.equal(Array(5).fill(undefined))
  })

  it('notes the error of a step, and throws it', async () => {
    register()
    isTracing()
    spans = []
    const failing = inSpan('refresh', undefined, { attributes: {} }, () => Promise.reject(new Error('no answer')))
    expect(await failing.catch((error: Error) => error.message)).to.equal('no answer')
    expect([spans[0]!.status, spans[0]!.ends.length]).to.deep.equal([{ code: 2, message: 'no answer' }, 1])
  })
})
