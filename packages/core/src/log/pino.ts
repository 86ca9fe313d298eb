// Logs as JSON, one line each. The one file that knows pino.
import { ApiError } from '@stackwright/kube';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { Logger } from '../log.js';
import { scrub } from '../scrub/scrub.js';
import { controlsEscaped } from '../terminal-text.js';

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

export function createLogger(options: LoggerOptions = {}): Logger {
  const lines = pino(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'msg',
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', '"ts"'),
      formatters: { level: (level) => ({ level }) },
      // Described already, wherever it is.
      serializers: { err: (line: unknown) => line },
    },
    harmless(options.destination ?? pino.destination({ dest: 1, sync: true })),
  );
  return new JsonLogger(lines, { ...options.fields });
}

/** JSON escapes some control characters by itself; who reads a log on a terminal is to be told nothing by the others either. */
const harmless = (lines: DestinationStream): DestinationStream => ({
  write: (line) => lines.write(controlsEscaped(line)),
});

/** Every reconcile has a child, and most of them never write a line: fields are only put together when one is written. */
class JsonLogger implements Logger {
  readonly #lines: PinoLogger;
  readonly #fields: object;

  constructor(lines: PinoLogger, fields: object) {
    this.#lines = lines;
    this.#fields = fields;
  }

  debug(fields: object, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#write('error', fields, message);
  }

  child(fields: object): Logger {
    return new JsonLogger(this.#lines, Object.assign({}, this.#fields, fields));
  }

  #write(level: Exclude<LogLevel, 'silent'>, fields: object, message: string): void {
    if (!this.#lines.isLevelEnabled(level)) return;
    this.#lines[level](shownFields(Object.assign({}, this.#fields, fields)), scrub(message));
  }
}

/** Names of what is written about: no secrets, and not to be masked since a secret somewhere is the same word. */
const nameFields: ReadonlySet<string> = new Set([
  'module',
  'controller',
  'webhook',
  'resource',
  'kind',
  'namespace',
  'name',
  'uid',
  'reconcileID',
  'traceID',
  'lease',
]);

function shownFields(fields: object): object {
  try {
    return redacted(fields);
  } catch (error) {
    // A getter or toJSON of somebody's that throws: what is to be said is not to be lost by it, nor the reconcile.
    return { fields: `[${scrub(String(error))}]` };
  }
}

/** Fields that hold secrets wherever they appear, up to so many levels deep. */
const secretFields: ReadonlySet<string> = new Set([
  'password',
  'token',
  'authorization',
  'data',
  'stringData',
  'headers',
  'credentials',
]);
/** pino writes no more levels. */
const deepest = 6;
const mostCauses = 5;

/** The value itself where it holds no secret and no error. */
function redacted(value: object, depth = 1): object {
  let copy: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const shown = shownOf(name, inner, depth);
    if (shown === inner) continue;
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    copy[name] = shown;
  }
  return copy ?? value;
}

function shownOf(name: string, value: unknown, depth: number): unknown {
  if (value === undefined) return undefined;
  if (secretFields.has(name)) return '[redacted]';
  if (name === 'err' || value instanceof Error) return describeError(value);
  if (typeof value === 'string') return depth === 1 && nameFields.has(name) ? value : scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '[deeper]';
  // A URL or a Buffer is written as what this gives.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return shownOf(name, (value as { toJSON: () => unknown }).toJSON(), depth + 1);
  return redacted(value, depth + 1);
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

function describeError(error: unknown, causes = 0): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  const line: ErrorLine = { type: scrub(error.name), message: scrub(error.message) };
  if (error instanceof ApiError) Object.assign(line, { code: error.code, reason: error.reason });
  else if (error.stack) line.stack = scrub(error.stack);
  // A cause may be among its own causes.
  if (error.cause !== undefined && causes < mostCauses) line.cause = describeError(error.cause, causes + 1);
  return line;
}
