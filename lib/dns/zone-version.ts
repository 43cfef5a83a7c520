/** The ZONEVERSION option of EDNS (RFC 9660). */
import { OPTION, type SmallMessage } from './message.js'

/** The serial in the option, if it has one (RFC 9660 §5.1: type 0). */
export function zoneVersionOf({ edns }: Pick<SmallMessage, 'edns'>): number | undefined {
  const option = edns?.options.get(OPTION.ZONEVERSION)
  return option?.length === 6 && option[1] === 0 ? option.readUInt32BE(2) : undefined
}
