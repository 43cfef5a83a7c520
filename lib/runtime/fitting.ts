/** Values from outside against a schema, for readers that ignore what does not fit. */
import type { z } from 'zod'

/**
 * The value as the schema reads it; undefined when it does not fit. Never throws. zod compares the `length` of a value before it knows
 * the value's type, which throws for a `length` that is an object with a `toString` of its own.
 */
export function fitting<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  try {
    return schema.safeParse(value).data
  } catch {
    return undefined
  }
}
