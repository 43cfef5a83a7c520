/** Settings that limit a transfer from a primary, for all zones and for one zone. */
import { count, duration, section } from './setting-types.js'

export const zoneLimits = section({
  octets: count(65_536).optional().describe('Largest transfer, octets.'),
  records: count(1).optional().describe('Most records.'),
  messages: count(1).optional().describe('Most messages in one transfer.'),
  names: count(1).optional().describe('Most owner names.'),
  memory: count(1 << 20)
    .optional()
    .describe('Most memory for the records, octets.'),
})

export const limits = section({
  octets: count(65_536)
    .default(4 * 2 ** 30)
    .describe('Largest transfer, octets of messages or of records with names uncompressed.'),
  records: count(1).default(50_000_000).describe('Most records in one zone.'),
  messages: count(1).default(10_000_000).describe('Most messages in one transfer.'),
  names: count(1).optional().describe('Most owner names in one zone; default: not counted.'),
  memory: count(1 << 20)
    .optional()
    .describe(
      'Most memory for the records of one zone, octets; default: a quarter of the memory that the process may use, up to 4 GiB.',
    ),
  totalMemory: count(1 << 20)
    .optional()
    .describe('Most memory for the records of all zones, octets; default: half of the memory that the process may use.'),
  growth: section({
    factor: count(1).default(100).describe('Multiple of the current records and octets.'),
    records: count(1).default(250_000).describe('Records allowed however few the current version has.'),
    octets: count(65_536)
      .default(64 * 2 ** 20)
      .describe('Octets allowed however few the current version has.'),
  })
    .prefault({})
    .describe('Most that a transfer of a known zone may bring; a resync with strength retransfer may bring more.'),
  connect: duration().default(5000).describe('Longest wait for a connection.'),
  firstOctet: duration().default(10_000).describe('Longest wait for the first octet of an answer.'),
  idle: duration().default(30_000).describe('Longest pause inside a transfer.'),
  minOctetsPerSecond: count(0)
    .default(10_240)
    .describe('Minimum transfer rate, octets per second over five minutes; 0 disables the check.'),
  total: duration().default(7_200_000).describe('Longest transfer.'),
  transfersPerPrimary: count(1).default(10).describe('Transfers at once from one primary.'),
  transfers: count(1).default(32).describe('Transfers at once in all.'),
}).describe('Limits on transfers from primaries.')
