/** No value under the name of a secret is logged, at any depth that is logged. */
import { expect } from 'chai'
import { pino } from 'pino'
import { REDACTED } from '../../../lib/runtime/logger.js'

describe('the log', () => {
  for (const name of ['secret', 'token', 'authorization', 'password', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'])
    it(`leaves out ${name}`, () => {
      let text = ''
      const log = pino({ redact: { paths: REDACTED, censor: '[cut]' } }, { write: (line: string) => (text += line) })
      const secrets = { [name]: 's3cret' }
      log.info({ ...secrets, req: { ...secrets, headers: secrets, deep: { er: secrets } } }, 'a line')
      expect(text).to.include('a line').and.include('[cut]').and.not.include('s3cret')
    })
})
