/** The names of a catalog zone (RFC 9432 §4): `version`, member nodes below `zones`, and their properties. Octets in lower case. */
import { lowerWire } from '../dns/name.js'

const label = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])

/** The version of the schema that this program reads and writes (RFC 9432 §4.2.1). */
export const SCHEMA_VERSION = '2'

export const versionOwner = (apex: Buffer): Buffer => Buffer.concat([label('version'), lowerWire(apex)])
/** The end of the name of every member node. */
export const zonesSuffix = (apex: Buffer): Buffer => Buffer.concat([label('zones'), lowerWire(apex)])
export const memberOwner = (id: string, suffix: Buffer): Buffer => Buffer.concat([label(id), suffix])
export const propertyOwner = (property: 'group' | 'coo', member: Buffer): Buffer => Buffer.concat([label(property), member])
