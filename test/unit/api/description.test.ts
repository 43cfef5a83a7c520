/** The API's description is complete. every-route.test.ts compares the answers with it. */
import { expect } from 'chai'
import { describeApi } from '../../../services/api/openapi.js'

describe("the API's description", () => {
  it('has a sentence for every route, and a role for every command', () => {
    const { paths } = describeApi() as { paths: Record<string, Record<string, { summary?: string; 'x-role'?: string }>> }
    for (const [path, methods] of Object.entries(paths))
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, path).to.match(/^[A-Z]/)
        if (method !== 'get')
          expect(operation['x-role'], path).to.be.oneOf(
            path.startsWith('/v1/sign-')
              ? ['viewer']
              : path.startsWith('/v1/vantages/')
                ? ['vantage']
                : ['operator', 'publisher', 'admin'],
          )
      }
  })
})
