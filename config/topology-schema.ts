/**
 * The settings of the topology: sites, their hubs and primaries, and the links between them.
 * Not here: sites of nodes, which are settings of each node; the rules for the topology (config/topology).
 */
import type { z } from 'zod'
import { identifier, listOf, mapOf, section, text } from './setting-types.js'

const site = section({
  hubs: listOf(identifier(), 'hubs').default([]).describe('The hubs of the site, by the name each has under hub.'),
  primaries: listOf(text('write the name of a primary'), 'primaries').default([]).describe('The primaries of the site.'),
})

const TWO_SITES = 'write the two sites it joins: [ A, B ]'

const link = section({
  between: listOf(text('write the name of a site'), 'two sites')
    .length(2, { error: TWO_SITES })
    .describe('The two sites that the link joins.'),
  risks: listOf(identifier(), 'risks')
    .default([])
    .describe('Shared risks of the link: a duct, a cable, a carrier. Links that name the same risk fail together.'),
})

export const topologySchema = section({
  sites: mapOf(site, 'sites').describe('Sites by name, including those that links only pass through.'),
  links: mapOf(link, 'links').describe('Links between sites, by name; two sites may have several links.'),
})

export interface SiteConfig {
  id: string
  /** Names of hubs, and of `primaries`. */
  hubs: string[]
  primaries: string[]
}

export interface LinkConfig {
  id: string
  /** Two names in `sites`. */
  between: [string, string]
  /** Links that name one risk fail together. */
  risks: string[]
}

export interface TopologyConfig {
  sites: Map<string, SiteConfig>
  links: Map<string, LinkConfig>
}

export function topologyOf(raw: z.output<typeof topologySchema> | undefined): TopologyConfig | undefined {
  if (raw === undefined) return undefined
  const links = Object.entries(raw.links).map(([id, { between, risks }]) => {
    const [one, other] = between as [string, string]
    return { id, between: [one, other] as [string, string], risks }
  })
  return {
    sites: new Map(Object.entries(raw.sites).map(([id, { hubs, primaries }]) => [id, { id, hubs, primaries }])),
    links: new Map(links.map((each) => [each.id, each])),
  }
}
