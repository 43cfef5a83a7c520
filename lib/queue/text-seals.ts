/** Seals of texts in Redis: another writer to Redis cannot make them. */

/** Made and checked with a secret that the processes of a hub share. */
export interface TextSeals {
  sealText: (text: string) => string
  isSealOf: (text: string, seal: string) => boolean
}
