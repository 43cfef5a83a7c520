/** A caller with a scope sees the jobs about its zones and nodes alone, however a job names them. */
import { expect } from 'chai'
import type { CallerScope } from '../../../config/caller-types.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { JobView } from '../../../lib/queue/jobs.js'
import type { ApiContext } from '../../../services/api/context.js'
import { JobScope } from '../../../services/api/job-scope.js'
import { Scope } from '../../../services/api/scope.js'

const nodes = ['a1', 'a2', 'b1'].map(
  (id): FleetNode => ({ id, cloud: id[0]!.toUpperCase(), site: undefined, paths: [], key: undefined }),
)
const [X, Y] = [parseZoneName('x.example.'), parseZoneName('y.example.')]
const zones = [X, Y].map((name) => ({ name, apex: nameToWire(name), nodes }) as unknown as FleetZone)
const context = { matrix: { fleet: new Fleet(zones, nodes, [], []) } } as unknown as ApiContext

describe('the jobs that a caller sees', () => {
  let count = 0
  const sees = async (rules: Partial<CallerScope> | undefined, data: object): Promise<boolean> => {
    const job = { id: `resync-${++count}`, kind: 'resync', data, progress: 0 } as unknown as JobView
    const scope = new Scope('noc', rules && { zones: undefined, clouds: undefined, nodes: undefined, ...rules }, new Map())
    return await new JobScope(context).has(scope, job)
  }
  const zone = (name: typeof X): Partial<CallerScope> => ({ zones: [{ kind: 'zone', name }] })

  for (const [what, data, of] of [
    ['listed pairs', { targets: [{ zone: X, node: 'a1' }] }, [true, false, true, false]],
    ['a selection', { targets: [], select: { zones: [X], nodes: ['a1'] } }, [true, false, true, false]],
    ['several selections', { targets: [], select: [{ zones: [X], nodes: ['a1'] }] }, [true, false, true, false]],
    [
      'several selections of more zones and clouds',
      {
        targets: [],
        select: [
          { zones: [X], nodes: ['a1'] },
          { zones: [Y], nodes: ['b1'] },
        ],
      },
      [false, false, false, false],
    ],
    ['every zone of a node', { targets: [], select: { nodes: ['a1'] } }, [false, false, true, false]],
    ['everything', { targets: [], select: {} }, [false, false, false, false]],
  ] as const)
    it(`are about ${what} in its scope`, async () => {
      expect([
        await sees(zone(X), data),
        await sees(zone(Y), data),
        await sees({ clouds: ['A'] }, data),
        await sees({ nodes: ['b1'] }, data),
      ]).to.deep.equal(of)
      expect(await sees(undefined, data)).to.equal(true)
    })
})
