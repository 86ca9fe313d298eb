// The agent's periods, all in milliseconds: what the kubelet has as constants, and what tests shorten.

export interface AgentSettings {
  /** Before a container that ended is started again; doubles with each failure. */
  restartBackoff: { initial: number; max: number };
  /**
   * Before a missing image is looked for again. Images are local here, looking is cheap, and a user who has just built
   * one should not wait for minutes: therefore a lower maximum than the kubelet's.
   */
  imageBackoff: { initial: number; max: number };
  /** Before a volume that could not be prepared, or a sandbox that could not be made, is tried again. */
  setupBackoff: { initial: number; max: number };
  /** Before a container is tried again whose configuration is wrong; a Secret that appears is noticed at once. */
  configRetry: number;
  /** Between looks at the runtime, in case one of its notices was lost. */
  resync: number;
  heartbeat: number;
}

export const defaultSettings: AgentSettings = {
  restartBackoff: { initial: 10_000, max: 300_000 },
  imageBackoff: { initial: 10_000, max: 30_000 },
  setupBackoff: { initial: 500, max: 122_000 },
  configRetry: 10_000,
  resync: 30_000,
  heartbeat: 10_000,
};
