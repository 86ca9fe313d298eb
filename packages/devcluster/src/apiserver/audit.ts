// One line per request for a resource, after it was answered (watches: after they began).
import { appendFileSync, renameSync, statSync } from 'node:fs';

export interface AuditEvent {
  /** RFC 3339 with milliseconds, when the answer was ready. */
  time: string;
  user: string;
  /** In whose name the user asked (`kubectl --as`). */
  impersonatedUser?: string;
  userAgent: string;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verb: string;
  group?: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  dryRun?: boolean;
  /** HTTP status. */
  code: number;
  /** The reason of a refusal. */
  reason?: string;
  /** Milliseconds from request to answer. */
  duration: number;
  /** Whether the store changed: an apply or a patch without effect does not. */
  changed: boolean;
}

export type AuditSink = (event: AuditEvent) => void;

/** JSON lines in a file; at `limit` bytes (default 64 MiB) it becomes `<path>.1`, replacing the one before. */
export function auditFile(path: string, limit = 64 * 1024 * 1024): AuditSink {
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (event) => {
    const line = `${JSON.stringify(event)}\n`;
    if (size + line.length > limit) {
      renameSync(path, `${path}.1`);
      size = 0;
    }
    appendFileSync(path, line, { mode: 0o600 });
    size += line.length;
  };
}
