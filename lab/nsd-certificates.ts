/**
 * The certificates of nsd-control as nsd-control-setup makes them, with keys that are made faster: the server's own, which signs that
 * of the client.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.js'
import { labFolder } from './watchdog.js'

/** Paths of PEM files. */
export interface NsdCertificates {
  server: string
  serverKey: string
  control: string
  controlKey: string
}

let shared: Promise<NsdCertificates> | undefined

/** One set for all servers of the lab. */
export const nsdCertificates = (): Promise<NsdCertificates> => (shared ??= makeNsdCertificates())

export async function makeNsdCertificates(): Promise<NsdCertificates> {
  const folder = mkdtempSync(join(labFolder(), 'nsd-control-'))
  const at = (name: string): string => join(folder, name)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256']
  const server = ['-x509', '-days', '30', '-subj', '/CN=nsd', '-keyout', at('nsd_server.key'), '-out', at('nsd_server.pem')]
  await runCommand('openssl', ['req', ...curve, ...server])
  const asked = ['-subj', '/CN=nsd-control', '-keyout', at('nsd_control.key'), '-out', at('nsd_control.csr')]
  await runCommand('openssl', ['req', ...curve, ...asked])
  const signer = ['-CA', at('nsd_server.pem'), '-CAkey', at('nsd_server.key'), '-set_serial', '3', '-days', '30', '-sha256']
  await runCommand('openssl', ['x509', '-req', '-in', at('nsd_control.csr'), ...signer, '-out', at('nsd_control.pem')])
  return {
    server: at('nsd_server.pem'),
    serverKey: at('nsd_server.key'),
    control: at('nsd_control.pem'),
    controlKey: at('nsd_control.key'),
  }
}
