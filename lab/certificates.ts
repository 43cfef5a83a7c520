/** Certificates of the lab: a CA of its own, and certificates of it for names. Each lab makes its own keys. */
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.js'
import { labFolder } from './watchdog.js'

/** Paths of PEM files. */
export interface LabCertificate {
  cert: string
  key: string
  /** SHA-256 of the public key, base64. */
  pin: string
}

export interface LabCa {
  /** The certificate of the CA. */
  file: string
  /** A certificate for a name. `days`: its life; negative: it has expired. `usage`: for servers or clients alone; default: both. */
  issue(name: string, options?: { days?: number; usage?: 'serverAuth' | 'clientAuth' }): Promise<LabCertificate>
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

export async function makeCa(name = 'lab ca'): Promise<LabCa> {
  const folder = mkdtempSync(join(labFolder(), 'ca-'))
  const [file, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca.key')]
  await runCommand('openssl', ['req', '-x509', ...KEY, '-keyout', caKey, '-out', file, '-subj', `/CN=${name}`, '-days', '3650'])
  let made = 0
  return {
    file,
    issue: async (subject, { days = 90, usage } = {}) => {
      made += 1
      const at = (ending: string): string => join(folder, `${made}.${ending}`)
      const [cert, key, request, extensions] = [at('pem'), at('key'), at('csr'), at('ext')]
      writeFileSync(
        extensions,
        `subjectAltName=DNS:${subject}\nextendedKeyUsage=${usage ?? 'serverAuth,clientAuth'}\nbasicConstraints=CA:FALSE\n`,
      )
      await runCommand('openssl', ['req', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${subject}`])
      const by = ['-CA', file, '-CAkey', caKey, '-extfile', extensions, '-days', String(days)]
      await runCommand('openssl', ['x509', '-req', '-in', request, '-out', cert, ...by])
      return { cert, key, pin: pinOfFile(cert) }
    },
  }
}

/** A certificate that no CA vouches for. */
export async function makeSelfSigned(name: string): Promise<LabCertificate> {
  const folder = mkdtempSync(join(labFolder(), 'self-'))
  const [cert, key] = [join(folder, 'self.pem'), join(folder, 'self.key')]
  await runCommand('openssl', ['req', '-x509', ...KEY, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '90'])
  return { cert, key, pin: pinOfFile(cert) }
}

export function pinOfFile(cert: string): string {
  const { publicKey } = new X509Certificate(readFileSync(cert))
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}
