// What one try of a probe found, however it asked.

export interface ProbeResult {
  ok: boolean;
  /** Why not: for the event. */
  output: string;
}
