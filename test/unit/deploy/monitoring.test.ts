/** Alarms and dashboard name what the program has; each alarm has a page for its operator, and a case that fires it. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse } from 'yaml'
import { alarmRules, allMetrics } from '../../../setup/docs/metrics-page.js'
import { grafanaDashboard } from '../../../setup/docs/grafana-dashboard.js'

const METRICS = new Map(allMetrics().map((metric) => [metric.name, metric]))

/** Metrics of an expression, with the labels that it selects or sums by. */
function namesOf(expression: string): { metric: string; labels: string[] }[] {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(',').map((name) => name.trim()))
  return [...expression.matchAll(/\b(zonecast_\w+)(?:\{([^}]*)\})?/g)].map(([, metric, selector = '']) => ({
    metric: metric!,
    labels: [...grouped, ...[...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, name]) => name!)],
  }))
}

function expectKnown(expression: string): void {
  const names = namesOf(expression)
  expect(names, expression).to.not.have.length(0)
  for (const { metric, labels } of names) {
    const known = METRICS.get(metric.replace(/_bucket$/, '')) ?? METRICS.get(metric)
    expect(known, `${metric} in ${expression}`).to.not.equal(undefined)
    // Prometheus adds these.
    const own = [...(known!.labelNames ?? []), 'le', 'instance', 'job']
    expect(own, `${metric} in ${expression}`).to.include.members(labels)
  }
}

describe('the alarms for Prometheus', () => {
  const rules = alarmRules()

  it('have different names', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length)
  })

  for (const { alert, expr, annotations } of rules)
    it(`name existing metrics, labels and a page: ${alert}`, () => {
      expectKnown(expr)
      expect(existsSync(annotations.runbook), annotations.runbook).to.equal(true)
    })

  it('have a case each that fires them', () => {
    const cases = parse(readFileSync('deploy/prometheus/zonecast.test.yml', 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[]
    }
    const fired = cases.tests.flatMap((each) =>
      each.alert_rule_test.filter(({ exp_alerts: alerts = [] }) => alerts.length > 0).map(({ alertname }) => alertname),
    )
    expect(fired).to.have.members(rules.map(({ alert }) => alert))
  })
})

describe('the dashboard for Grafana', () => {
  const { panels } = JSON.parse(grafanaDashboard()) as {
    panels: { title: string; type: string; targets?: { expr: string }[]; gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[]
  }

  for (const { title, targets } of panels.filter(({ type }) => type !== 'row'))
    it(`shows existing metrics and labels: ${title}`, () => {
      for (const { expr } of targets!) expectKnown(expr)
    })

  it('has no two panels in one place', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).to.equal(cells.length)
  })
})
