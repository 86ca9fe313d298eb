// Logs as JSON, one line each. The one file that knows pino.
import { ApiError } from '@stackwright/kube';
import { pino, stdTimeFunctions, type DestinationStream } from 'pino';
import type { Logger } from '../log.js';
import { scrub } from '../scrub.js';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** Default "info". */
  level?: LogLevel;
  /** On every line. */
  fields?: object;
  /** Default: standard output, written at once, so that the last lines of a process that dies are there. */
  destination?: DestinationStream;
}

/** Fields that hold secrets wherever they appear, up to three levels deep. */
const secretFields = ['password', 'token', 'authorization', 'data', 'stringData', 'headers', 'credentials'];
const depths = ['', '*.', '*.*.'];

export function createLogger(options: LoggerOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: options.fields ?? null,
      messageKey: 'msg',
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', '"ts"'),
      formatters: { level: (level) => ({ level }) },
      redact: { paths: depths.flatMap((depth) => secretFields.map((field) => depth + field)), censor: '[redacted]' },
      serializers: { err: describeError },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

interface ErrorLine {
  type: string;
  message: string;
  /** Only of what is not an answer of the API server: that says all in its message. */
  stack?: string;
  code?: number;
  reason?: string;
  cause?: ErrorLine;
}

function describeError(error: unknown): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  const line: ErrorLine = { type: error.name, message: scrub(error.message) };
  if (error instanceof ApiError) Object.assign(line, { code: error.code, reason: error.reason });
  else if (error.stack) line.stack = scrub(error.stack);
  if (error.cause !== undefined) line.cause = describeError(error.cause);
  return line;
}
