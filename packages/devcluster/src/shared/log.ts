/** Where the devcluster's parts write what they do. Fields never hold secrets. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
