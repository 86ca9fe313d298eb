// Logs that a test can read.
import type { Logger } from '../log.js';

export interface LogEntry {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields: Record<string, unknown>;
}

export interface RecordingLogger extends Logger {
  readonly entries: LogEntry[];
}

export function recordingLogger(entries: LogEntry[] = [], bound: object = {}): RecordingLogger {
  const at = (level: LogEntry['level']) => (fields: object, message: string) => {
    entries.push({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    entries,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(entries, { ...bound, ...fields }),
  };
}
