/** tmp */
export async function runDemo(_options: { once: boolean }): Promise<number> {
  return 0
}
