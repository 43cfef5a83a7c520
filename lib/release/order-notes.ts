/** What an order prints besides its outcome: what the operator has to do after it. */

/** After the choice of other content under a serial that these nodes show. */
export const notesOnChoice = (nodes: readonly string[], serial: number, primary: string): string[] =>
  nodes.length === 0
    ? []
    : [
        `already on serial ${serial}: ${nodes.join(', ')}. A node does not transfer a serial again that it has: transfer the zone by force on each of them, or raise the serial at ${primary}`,
      ]
