// Chance, as everything in a controller sees it.

export interface Random {
  /** In [0, 1): for jitter. */
  float(): number;
  uuid(): string;
  /** From a cryptographically secure source. */
  bytes(length: number): Uint8Array;
}
