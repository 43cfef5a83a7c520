/**
 * A process of simulated nodes; its options come as JSON in the first argument.
 *
 * Over IPC, { count: { from, to, serial } } is answered with the number of pairs that have the serial, and when the latest new
 * version arrived; { report: true } with the counts and the CPU time.
 */
import { newCounts, type NodeOptions, SimulatedNode } from './node.js'

const all = JSON.parse(process.argv[2] ?? '[]') as NodeOptions[]
const counts = newCounts()
const nodes = all.map((options) => new SimulatedNode(options, counts))

interface Command {
  count?: { from: number; to: number; serial: number }
  report?: true
}
process.on('message', ({ count, report }: Command) => {
  if (count)
    process.send!({
      count: nodes.reduce((sum, node) => sum + node.count(count.from, count.to, count.serial), 0),
      lastAt: nodes.reduce((last, node) => Math.max(last, node.lastAt), 0),
    })
  if (report) process.send!({ report: { ...counts, cpu: process.cpuUsage() } })
})
process.on('disconnect', () => process.exit(0))
await Promise.all(nodes.map((node) => node.start()))
process.send!({ ready: true })
