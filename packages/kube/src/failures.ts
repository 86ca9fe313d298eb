// From what went wrong on the wire to the one error type.
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './errors.js';
import type { Status } from './meta.js';

/** Reasons of answers that carry no Status: a proxy's, a load balancer's. */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const longestQuote = 512;

/** The error of an answer outside 2xx. */
export function errorOfResponse(what: string, code: number, headers: IncomingHttpHeaders, body: string): ApiError {
  const status = statusOf(body);
  const retryAfter = retryAfterOf(headers, status);
  return new ApiError({
    code,
    reason: status?.reason || (reasons[code] ?? 'Unknown'),
    message: status?.message || `${what}: HTTP ${code}${quote(body)}`,
    ...(status && { status }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** The error of a Status that came inside a stream (a watch's ERROR event). */
export function errorOfStatus(what: string, status: Status): ApiError {
  const retryAfter = retryAfterOf({}, status);
  return new ApiError({
    code: status.code ?? 500,
    reason: status.reason ?? 'Unknown',
    message: status.message || `${what}: ${status.reason ?? 'error without a message'}`,
    status,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

export function connectionFailed(what: string, cause: unknown): ApiError {
  return new ApiError({ code: 0, reason: 'ConnectionFailed', message: `${what}: ${describe(cause)}`, cause });
}

export function timedOut(what: string, after: string): ApiError {
  return new ApiError({ code: 0, reason: 'Timeout', message: `${what}: ${after}` });
}

export function invalidResponse(what: string, problem: string, cause?: unknown): ApiError {
  return new ApiError({ code: 0, reason: 'InvalidResponse', message: `${what}: ${problem}`, cause });
}

export function parseBody<T>(what: string, body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw invalidResponse(what, `the answer is not JSON${quote(body)}`, cause);
  }
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Status';
}

function statusOf(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined; // Half an answer is quoted as it is.
  }
}

/** Milliseconds. What is neither a number of seconds nor a date says nothing. */
function retryAfterOf(headers: IncomingHttpHeaders, status: Status | undefined): number | undefined {
  const header = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  // API servers count seconds; what stands before them may send a date, of its own clock.
  const until = httpDate.test(header) ? Date.parse(header) : NaN;
  if (!Number.isNaN(until)) {
    const sent = Date.parse(headers.date ?? '');
    return Math.max(until - (Number.isNaN(sent) ? Date.now() : sent), 0);
  }
  const seconds: unknown = status?.details?.retryAfterSeconds;
  return typeof seconds === 'number' ? seconds * 1000 : undefined;
}

/** "Sun, 06 Nov 1994 08:49:37 GMT"; `Date.parse` takes much else for a date, "-1" for instance. */
const httpDate = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;

function quote(body: string): string {
  const text = body.trim().replace(/\s+/g, ' ');
  if (text === '') return '';
  return `: ${text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text}`;
}

/** Node reports a refused dual-stack connect as an AggregateError with an empty message. */
function describe(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describe(cause.errors[0]);
  if (cause instanceof Error) return cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
  return String(cause);
}
