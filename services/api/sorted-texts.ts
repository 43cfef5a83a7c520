/**
 * Yields the texts of a run of records in order, without a list of all: runs of some thousands are sorted, only the positions are
 * kept, and the runs are merged. Each text is made twice; the memory is 4 octets per record.
 */
import { recordText } from '../../lib/dns/record-text.js'
import { recordsIn, type RecordRun } from '../../lib/zone/record-run.js'

const RUN_RECORDS = 2_000

interface Head {
  text: string
  /** The positions of its run, where the next text is found. */
  run: Uint32Array
  next: number
}

/** `rest` is awaited between slices of the work. */
export async function* sortedTexts(records: RecordRun, rest: () => Promise<void>): AsyncGenerator<string> {
  const heap: Head[] = []
  for (const run of await sortedRuns(records, rest)) push(heap, { text: recordText(records.data, run[0]!), run, next: 1 })
  for (let n = 1; heap.length > 0; n++) {
    const head = heap[0]!
    yield head.text
    if (head.next < head.run.length) {
      head.text = recordText(records.data, head.run[head.next]!)
      head.next += 1
    } else {
      const last = heap.pop()!
      if (heap.length === 0) return
      if (last !== head) heap[0] = last
    }
    sink(heap)
    if (n % 100 === 0) await rest()
  }
}

async function sortedRuns(records: RecordRun, rest: () => Promise<void>): Promise<Uint32Array[]> {
  const runs: Uint32Array[] = []
  let rows: { text: string; at: number }[] = []
  const close = (): void => {
    rows.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    runs.push(Uint32Array.from(rows, ({ at }) => at))
    rows = []
  }
  for (const at of recordsIn(records)) {
    rows.push({ text: recordText(records.data, at), at })
    if (rows.length === RUN_RECORDS) close()
    if (rows.length % 100 === 0) await rest()
  }
  if (rows.length > 0) close()
  return runs
}

function push(heap: Head[], head: Head): void {
  let i = heap.push(head) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (heap[parent]!.text <= head.text) break
    heap[i] = heap[parent]!
    i = parent
  }
  heap[i] = head
}

/** Moves the first head down to its place. */
function sink(heap: Head[]): void {
  const head = heap[0]!
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]!.text < heap[child]!.text) child += 1
    if (heap[child]!.text >= head.text) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = head
}
