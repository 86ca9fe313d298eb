/** What a command ends with. */
export const exitCodes = { ok: 0, error: 1, notReady: 2, changes: 2, timeout: 3 } as const;

/** Ends the command with a message and what to do about it, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly hints: readonly string[];
  readonly exitCode: number;

  constructor(message: string, options: { hints?: readonly string[]; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hints = options.hints ?? [];
    this.exitCode = options.exitCode ?? exitCodes.error;
  }
}
