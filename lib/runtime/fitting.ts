/** Validates external values against a schema, for readers that ignore values that do not match. */
import type { z } from 'zod'

/**
 * The parsed value; undefined when it does not match the schema. Never throws. zod compares the `length` of a value before it
 * knows the value's type, which throws for a `length` that is an object with a `toString` of its own.
 */
export function fitting<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  try {
    return schema.safeParse(value).data
  } catch {
    return undefined
  }
}
