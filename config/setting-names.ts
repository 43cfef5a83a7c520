/** The keys that each section of the config may hold, from the schema; and a walk over all settings for the reference. */
import { z } from 'zod'
import type { SettingPath } from './document.js'
import { configSchema } from './schema.js'

/** The known keys of the section at `path`; empty when there is no such section. */
export function configKeysAt(path: SettingPath): string[] {
  let schema: z.core.$ZodType | undefined = configSchema
  for (const part of path) schema = schema === undefined ? undefined : childOf(unwrap(schema), part)
  const section = schema === undefined ? undefined : unwrap(schema)
  return section instanceof z.ZodObject ? Object.keys(section.shape) : []
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(part)] as z.core.$ZodType | undefined
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (schema instanceof z.ZodArray) return schema.element
  return undefined
}

/** Removes the wrappers for optional, default and prefault; returns the section of a union or a preprocessed schema. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const bare = withoutWrappers(schema)
  if (bare instanceof z.ZodPipe && bare.def.out instanceof z.ZodObject) return bare.def.out
  if (!(bare instanceof z.ZodUnion)) return bare
  const variants = bare.options as readonly z.core.$ZodType[]
  return variants.map(unwrap).find((variant) => variant instanceof z.ZodObject) ?? bare
}

function withoutWrappers(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? withoutWrappers(schema.def.innerType as z.core.$ZodType)
    : schema
}

export interface SettingDescription {
  /** Such as `nodes.*.paths`. */
  path: string
  description: string
  /** The allowed values, from the error message of the setting: `a duration such as …`. */
  kind: string
  /** The default of the schema, durations in milliseconds; undefined when there is none. */
  default: unknown
  required: boolean
}

/** Every setting in the order of the schema. */
export function describeSettings(): SettingDescription[] {
  return walk(configSchema, '')
}

function walk(schema: z.core.$ZodType, path: string): SettingDescription[] {
  const inner = unwrap(schema)
  const below = (child: z.core.$ZodType, part: string) => walk(child, path === '' ? part : `${path}.${part}`)
  const here: SettingDescription[] = path === '' || /\*$/.test(path) ? [] : [describeSetting(schema, path)]
  if (inner instanceof z.ZodObject) {
    const shape = inner.shape as Record<string, z.core.$ZodType>
    return [...here, ...Object.entries(shape).flatMap(([name, child]) => below(child, name))]
  }
  if (inner instanceof z.ZodRecord) return [...here, ...below(inner.valueType, '*')]
  if (inner instanceof z.ZodArray && unwrap(inner.element as z.core.$ZodType) instanceof z.ZodObject) {
    return [...here, ...below(inner.element as z.core.$ZodType, '*')]
  }
  return here
}

function describeSetting(schema: z.core.$ZodType, path: string): SettingDescription {
  const wrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
  return {
    path,
    // The description is on the setting itself, or on the schema that its default wraps.
    description: (schema as z.ZodType).description ?? (withoutWrappers(schema) as z.ZodType).description ?? '',
    kind: kindOf(withoutWrappers(schema)),
    default: wrapped ? schema.def.defaultValue : undefined,
    required: !wrapped && !(schema instanceof z.ZodOptional),
  }
}

function kindOf(schema: z.core.$ZodType): string {
  const { error } = z.safeParse(schema, Symbol('nothing that fits'))
  return (error?.issues[0]?.message ?? '').replace(/^write /, '')
}
