/** The function by which config checks report findings. */
import type { SettingPath } from './document.js'
import type { FindingCode, Subject } from './errors.js'

/** Reports a finding. Its code decides whether it is an error (load.ts). `about` names its subjects when its place does not. */
export type Report = (code: FindingCode, path: SettingPath, message: string, about?: readonly Subject[]) => void
