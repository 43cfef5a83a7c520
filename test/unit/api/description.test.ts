/** What the API's description says of answers is what is written. */
import { expect } from 'chai'
import type { z } from 'zod'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import type { JobView } from '../../../lib/queue/jobs.js'
import { JobAnswer } from '../../../lib/answers/job-answers.js'
import { PrimaryAnswer } from '../../../lib/answers/primary-answers.js'
import { NodeZoneAnswer, VersionAnswer, ZoneSummaryAnswer } from '../../../lib/answers/zone-answers.js'
import { jobJson, nodeZoneJson, primaryJson, versionJson, zoneSummaryJson } from '../../../services/api/json.js'
import { describeApi } from '../../../services/api/openapi.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, smallFleet } from './small-fleet.js'

const fits = (schema: z.ZodObject, answer: unknown): void => {
  const { error } = schema.strict().safeParse(answer)
  expect(error?.issues, JSON.stringify(answer)).to.equal(undefined)
}

describe("the API's description", () => {
  const scratch = scratchDirs()

  it('has the answers as they are written, also while nothing is known', () => {
    const fleet = smallFleet(scratch(), { 'a.example': undefined })
    const zone = [...fleet.matrix.fleet.zones.values()][0]!
    for (const step of ['nothing yet', 'released'] as const) {
      if (step === 'released') {
        fleet.release('a.example.', 5)
        fleet.serve('a.example.', 'ams1', 5)
        fleet.serve('a.example.', 'lhr1', 4, { error: 'no answer' })
      }
      const { summary, nodes } = fleet.matrix.row(zone)
      fits(ZoneSummaryAnswer, zoneSummaryJson(summary))
      for (const view of nodes.values()) fits(NodeZoneAnswer, nodeZoneJson(view))
    }
    fits(PrimaryAnswer, primaryJson(undefined, undefined, false))
    fits(
      PrimaryAnswer,
      primaryJson(
        {
          at: NOW,
          serial: 5 as Serial,
          checkedAt: NOW,
          since: NOW,
          error: 'no answer',
          failures: 1,
          expireSeconds: undefined,
        },
        undefined,
        false,
      ),
    )
    const version = {
      serial: 5 as Serial,
      digest: 'd',
      records: 5,
      octets: 100,
      soa: Buffer.alloc(0),
      seenAt: NOW,
      committedAt: NOW,
      releasedAt: undefined,
      releasedTo: {},
      rollout: undefined,
      confirmed: {},
      checks: undefined,
      from: 'hm1',
      sources: {},
      isTorn: false,
      hasCopies: false,
      kind: 'axfr',
    } as const
    fits(VersionAnswer, versionJson(version, undefined))
  })

  it('has a resync with its targets, and a job that has nothing to tell', () => {
    const job: JobView = {
      id: 'resync-1',
      kind: 'resync',
      state: 'active',
      progress: {
        total: 1,
        confirmed: 0,
        failed: 0,
        targets: [{ zone: parseZoneName('a.example'), node: 'ams1', step: 'notified', serial: undefined, error: undefined }],
      },
      error: undefined,
      data: {},
      result: undefined,
      createdAt: NOW,
      finishedAt: undefined,
    }
    fits(JobAnswer, JSON.parse(JSON.stringify(jobJson(job))))
    fits(JobAnswer, JSON.parse(JSON.stringify(jobJson({ ...job, kind: 'refresh', progress: 0, error: 'no primary answers' }))))
  })

  it('has a sentence for every route, and a role for every command', () => {
    const { paths } = describeApi() as { paths: Record<string, Record<string, { summary?: string; 'x-role'?: string }>> }
    for (const [path, methods] of Object.entries(paths))
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, path).to.match(/^[A-Z]/)
        if (method !== 'get') expect(operation['x-role'], path).to.be.oneOf(['operator', 'publisher', 'admin'])
      }
  })
})
