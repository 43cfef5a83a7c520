/** Orders a verify at a hub, and waits for the end of its job. */
import { expect } from 'chai'
import { eventually } from './eventually.js'
import { api, type HubPlace } from './test-hub.js'

export interface VerifyJobView {
  state: string
  error: string | null
  progress: { targets: { zone: string; node: string; step: string; error?: string }[] }
}

export async function verify(hub: HubPlace, path: string, body: object): Promise<VerifyJobView> {
  const { job } = await api<{ job: string }>(hub, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  return await eventually(
    async () => {
      const view = await api<VerifyJobView>(hub, `/v1/jobs/${job}`)
      expect(view.state).to.be.oneOf(['done', 'failed'])
      return view
    },
    { timeoutMs: 120_000 },
  )
}
