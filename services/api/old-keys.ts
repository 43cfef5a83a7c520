/** Keys that a peer may still sign with while its key is replaced, and their last use. */
import type { OldKeyAnswer } from '../../lib/answers/fields.js'
import type { Remote } from '../../lib/fleet/remote.js'
import { type KeyUser, keyUseKey } from '../../lib/state/tables.js'
import { time } from './json.js'
import type { Matrix } from './matrix.js'

export const oldKeysJson = (
  kind: KeyUser,
  { id, oldKeys = [] }: Pick<Remote, 'id' | 'oldKeys'>,
  matrix: Matrix,
): OldKeyAnswer[] => oldKeys.map((key) => ({ key: key.id, usedAt: time(matrix.keyUsedAt(keyUseKey(kind, id, key.id))) }))
