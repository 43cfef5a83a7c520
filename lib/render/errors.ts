/** Errors of rendering: a setting is missing. */
import { type NextMove, ZonecastError } from '../errors.js'

type RenderFault = { code: 'RENDER_NO_KIND' | 'RENDER_NO_HUB_ADDRESS' | 'RENDER_TLS'; node: string }

export class RenderError extends ZonecastError<RenderFault> {
  override readonly name = 'RenderError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
