/** A schema that refuses unnamed fields at every depth: the schema of an answer accepts them, like readers do. */
import { z } from 'zod'

export function strictly(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject)
    return z.strictObject(
      Object.fromEntries(Object.entries(schema.shape as z.ZodRawShape).map(([field, each]) => [field, strictly(each)])),
    )
  if (schema instanceof z.ZodArray) return z.array(strictly(schema.element))
  if (schema instanceof z.ZodNullable) return strictly(schema.unwrap()).nullable()
  if (schema instanceof z.ZodReadonly) return strictly(schema.unwrap()).readonly()
  if (schema instanceof z.ZodOptional) return strictly(schema.unwrap()).optional()
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map(strictly))
  if (schema instanceof z.ZodRecord) return z.core.clone(schema, { ...schema.def, valueType: strictly(schema.valueType) })
  if (LEAVES.some((leaf) => schema instanceof leaf)) return schema as z.ZodType
  throw new Error(`a schema of type ${schema._zod.def.type} has no strict form here`)
}

const LEAVES = [z.ZodString, z.ZodISODateTime, z.ZodNumber, z.ZodBoolean, z.ZodEnum, z.ZodNull, z.ZodUnknown]
