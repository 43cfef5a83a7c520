/** Turns the stages of the config into lists of nodes: every node of the zone is in exactly one. Pure. */
import type { FleetNode } from '../fleet/fleet.js'
import { isNamed, unitsOf } from '../fleet/units.js'
import type { RolloutRules, StageRule } from '../fleet/rollout-rules.js'
import type { Stage } from './record.js'

/** Nodes that no rule names come last, together. */
export function planStages(rules: RolloutRules, nodes: readonly FleetNode[]): Stage[] {
  if (rules.stages.length === 0) return []
  const left = new Map(nodes.map((node) => [node.id, node]))
  const stages: Stage[] = []
  for (const rule of rules.stages) {
    const ids = choose(rule, nodes, left)
    if (ids.length === 0) continue
    for (const id of ids) left.delete(id)
    stages.push({ name: nameOf(rule), nodes: ids, soakMs: rule.soakMs, mayLack: rule.mayLack })
  }
  if (left.size > 0) {
    const { soakMs, mayLack } = rules.stages.at(-1)!
    stages.push({ name: 'the rest', nodes: [...left.keys()], soakMs, mayLack })
  }
  // Nothing waits for the soak of the last stage.
  const last = stages.at(-1)
  return last === undefined ? [] : [...stages.slice(0, -1), { ...last, soakMs: 0 }]
}

function choose(rule: StageRule, all: readonly FleetNode[], left: ReadonlyMap<string, FleetNode>): string[] {
  const named = rule.nodes ?? []
  const wanted = new Set(named.flatMap((name) => all.filter((node) => isNamed(name, node)).map(({ id }) => id)))
  if (rule.cloud !== undefined) {
    const units = [...unitsOf(all.filter((node) => node.cloud === rule.cloud)).values()]
    const isBegun = (unit: readonly FleetNode[]): boolean => unit.some(({ id }) => !left.has(id))
    const [begun, fresh] = [units.filter(isBegun), units.filter((unit) => !isBegun(unit))]
    const most = Math.max(0, Math.ceil((units.length * (rule.percent ?? 100)) / 100) - begun.length)
    // A cluster with a member in an earlier stage is complete before another unit begins.
    for (const { id } of [...begun, ...fresh.slice(0, most)].flat()) wanted.add(id)
  }
  return [...wanted].filter((id) => left.has(id))
}

function nameOf({ nodes = [], cloud, percent }: StageRule): string {
  const share = percent === undefined || percent === 100 ? '' : `${percent} % of `
  return [...nodes, ...(cloud === undefined ? [] : [`${share}cloud ${cloud}`])].join(', ')
}
