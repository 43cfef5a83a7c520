/** The session of the live page: its cookie, its protection from other sites, and its end. */
import { expect } from 'chai'
import type { SessionAnswer } from '../../../lib/answers/caller-answers.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { hasCsrf, Sessions } from '../../../services/api/sessions.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type HubAnswer, HubOfEveryState } from './hub-of-every-state.js'

const HOUR = 3_600_000
const TOKEN = hashOfToken('noc')
const API = { tokens: [{ name: 'noc', role: 'operator', sha256: TOKEN.toString('hex') }] }
const HOLD = '/v1/zones/in-sync.example/hold'

describe('a session of the live page', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState

  before(async () => {
    hub = await HubOfEveryState.start(scratch(), { api: API })
  })
  after(() => hub.stop())

  const post = (path: string, headers: Record<string, string>): Promise<HubAnswer> =>
    hub.ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' })
  const signIn = async (headers: Record<string, string> = {}) => {
    const answer = await post('/v1/sign-in', { authorization: 'Bearer noc', ...headers })
    expect(answer.status, answer.text).to.equal(200)
    const { csrf, caller } = JSON.parse(answer.text) as SessionAnswer
    return { set: answer.cookie!, cookie: answer.cookie!.split(';')[0]!, csrf: csrf!, caller }
  }
  const problemOf = ({ status, text }: HubAnswer): string => `${status} ${JSON.parse(text).type?.split(':').at(-1)}`

  it('has a cookie that neither scripts nor other sites can use, and no token in it', async () => {
    const { set, caller } = await signIn()
    expect(set).to.match(/^zonecast-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(set).to.not.include('noc')
    expect(caller).to.include({ name: 'noc', role: 'operator' })
    // A proxy with TLS before the hub.
    expect((await signIn({ origin: 'https://hub.example', host: 'hub.example' })).set).to.match(/^__Host-.*; Secure$/)
  })

  it('reads with the cookie, and orders with the header beside it', async () => {
    const { cookie, csrf } = await signIn()
    expect((await hub.ask('/v1/status', { headers: { cookie } })).status).to.equal(200)
    expect(problemOf(await post(HOLD, { cookie }))).to.equal('403 csrf')
    expect(problemOf(await post(HOLD, { cookie, 'x-zonecast-csrf': `${csrf.slice(1)}x` }))).to.equal('403 csrf')
    expect(problemOf(await post('/v1/sign-out', { cookie }))).to.equal('403 csrf')
    expect((await post(HOLD, { cookie, 'x-zonecast-csrf': csrf })).status).to.equal(200)
  })

  it('is refused to pages of other sites, with the header too', async () => {
    const { cookie, csrf } = await signIn()
    const own = { cookie, 'x-zonecast-csrf': csrf }
    expect(problemOf(await post(HOLD, { ...own, 'sec-fetch-site': 'cross-site' }))).to.equal('403 foreign-origin')
    expect(problemOf(await post(HOLD, { ...own, origin: 'https://evil.example' }))).to.equal('403 foreign-origin')
    expect(problemOf(await hub.ask('/v1/status', { headers: { cookie, 'sec-fetch-site': 'same-site' } }))).to.equal(
      '403 foreign-origin',
    )
  })

  it('is over after sign-out, also for a copy of the cookie', async () => {
    const { cookie, csrf } = await signIn()
    const out = await post('/v1/sign-out', { cookie, 'x-zonecast-csrf': csrf })
    expect(JSON.parse(out.text)).to.deep.equal({ signedOut: true })
    expect(out.cookie).to.match(/Max-Age=0/)
    expect(problemOf(await hub.ask('/v1/status', { headers: { cookie } }))).to.equal('401 no-session')
    expect(problemOf(await post(HOLD, { cookie, 'x-zonecast-csrf': csrf }))).to.equal('401 no-session')
  })

  it('opens no other session, and needs a token for itself', async () => {
    const { cookie, csrf } = await signIn()
    expect(problemOf(await post('/v1/sign-in', { cookie, 'x-zonecast-csrf': csrf }))).to.equal('403 no-token')
    expect(problemOf(await post('/v1/sign-in', { authorization: 'Bearer guessed' }))).to.equal('401 unknown-token')
  })

  it('refuses cookies that are none', async () => {
    const { cookie } = await signIn()
    const [name] = cookie.split('=')
    for (const bad of [`${name}=`, `${name}=${'a'.repeat(43)}`, `${name}=${'%'.repeat(43)}`, `${cookie}x`])
      expect(problemOf(await hub.ask('/v1/status', { headers: { cookie: bad } })), bad).to.match(/^401 no-(session|token)$/)
  })
})

describe('the sessions of a hub', () => {
  it('end after an hour without a request, after twelve hours, and with their token', () => {
    const sessions = new Sessions()
    const idle = sessions.open(TOKEN, 'noc', 0).id
    expect(sessions.find(idle, HOUR)).to.not.equal(undefined)
    // An open page of events finds it each second, and is no request.
    expect(sessions.find(idle, HOUR + 1)).to.equal(undefined)
    const busy = sessions.open(TOKEN, 'noc', 0).id
    for (let at = 0; at < 12 * HOUR; at += HOUR) {
      const session = sessions.find(busy, at)
      expect(session).to.not.equal(undefined)
      sessions.touch(session!, at)
    }
    expect(sessions.find(busy, 12 * HOUR)).to.equal(undefined)
    const short = sessions.open(TOKEN, 'noc', 0, 5_000).id
    expect([sessions.find(short, 4_999) === undefined, sessions.find(short, 5_000)]).to.deep.equal([false, undefined])
  })

  it('are bounded for each caller and for all', () => {
    const sessions = new Sessions()
    const first = sessions.open(TOKEN, 'other', 0).id
    for (let i = 0; i < 40; i++) sessions.open(TOKEN, 'noc', 1)
    expect(sessions.size).to.equal(17)
    expect(sessions.find(first, 2)).to.not.equal(undefined)
    for (let i = 0; i < 2_000; i++) sessions.open(TOKEN, `caller ${i}`, 3)
    expect(sessions.size).to.equal(1_000)
  })

  it('have a secret of their own for orders', () => {
    const sessions = new Sessions()
    const [a, b] = [sessions.open(TOKEN, 'noc', 0).session, sessions.open(TOKEN, 'noc', 0).session]
    expect([hasCsrf(a, a.csrf), hasCsrf(a, b.csrf), hasCsrf(a, ''), hasCsrf(a, undefined)]).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
  })
})
