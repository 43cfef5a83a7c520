/** How a finding about the config is reported while it is read. */
import type { SettingPath } from './document.js'
import type { FindingCode, Subject } from './errors.js'

/** How a finding is reported: its code says whether it is an error (see load.ts); what it concerns, when its place does not say so. */
export type Report = (code: FindingCode, path: SettingPath, message: string, about?: readonly Subject[]) => void
