/** Notes that an order prints besides its outcome: the next steps for the operator. */

/** After the choice of another content under a serial that these nodes have. */
export const notesOnChoice = (nodes: readonly string[], serial: number, primary: string): string[] =>
  nodes.length === 0
    ? []
    : [
        `already on serial ${serial}: ${nodes.join(', ')}. A node does not transfer a serial again that it has: transfer the zone by force on each of them, or raise the serial at ${primary}`,
      ]
