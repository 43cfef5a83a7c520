/** Certificates of a measurement over TLS. */
import { type LabCertificate, makeCa } from '../lab/certificates.js'
import { findPort } from '../lab/ports.js'
import type { LabTls } from '../lab/server.js'

export interface BenchTls {
  /** The file of the CA. */
  ca: string
  /** For `server.lab`. */
  server: LabCertificate
  /** For `node.lab`. */
  node: LabCertificate
}

export async function makeTls(): Promise<BenchTls> {
  const ca = await makeCa()
  return { ca: ca.file, server: await ca.issue('server.lab'), node: await ca.issue('node.lab') }
}

/** TLS of a server at a free port. */
export const serverTls = async ({ ca, server: { cert, key } }: BenchTls): Promise<LabTls> => ({
  port: await findPort(),
  cert,
  key,
  ca,
})

/** TLS of a node that is only a client. */
export const nodeTls = async ({ ca, node: { cert, key } }: BenchTls, ip: string): Promise<LabTls> => ({
  port: await findPort(ip),
  cert,
  key,
  ca,
})
