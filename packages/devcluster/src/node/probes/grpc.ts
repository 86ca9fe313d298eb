// The gRPC health check (grpc.health.v1.Health/Check) over bare HTTP/2: one request of one field, one answer of one.
import { connect, constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { ProbeResult } from './result.js';

/** Codes of gRPC that are told apart. */
const OK = '0';
const DEADLINE_EXCEEDED = '4';
const UNIMPLEMENTED = '12';

const STATES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const PREFIX = 5;
/** Bytes of an answer that are looked at: one of a health check has seven. */
const MAX_BODY = 1024;

/** Never rejects. `timeout` in milliseconds. */
export function grpcProbe(host: string, port: number, service: string, timeout: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const address = `${host}:${port}`;
    const session = connect(`http://${address}`);
    const finish = (ok: boolean, output: string): void => {
      clearTimeout(timer);
      session.destroy();
      resolve({ ok, output });
    };
    const timer = setTimeout(() => {
      if (session.connecting)
        finish(false, `timeout: failed to connect service "${address}" within ${timeout / 1000}s`);
      else finish(false, `timeout: health rpc did not complete within ${timeout / 1000}s`);
    }, timeout);
    session.on('error', (error: Error) =>
      finish(false, `error: failed to connect service "${address}": ${error.message}`),
    );
    session.once('connect', () => {
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_TE]: 'trailers',
        [constants.HTTP2_HEADER_USER_AGENT]: 'kube-probe/1.32',
        'grpc-timeout': `${timeout}m`,
      });
      void answerOf(stream).then(
        (answer) => finish(...verdict(answer)),
        (error: Error) => finish(false, `error: health rpc probe failed: ${error.message}`),
      );
      stream.end(frame(service));
    });
  });
}

/** HealthCheckRequest: field 1, the service. In front of it what gRPC puts there: not compressed, and how long. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

interface Answer {
  status: string;
  message: string;
  body: Buffer;
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let body: Buffer = Buffer.alloc(0);
    let headers: IncomingHttpHeaders = {};
    // Without a body the outcome comes with the headers, otherwise behind it.
    stream.once('response', (given) => (headers = { ...given, ...headers }));
    stream.once('trailers', (given: IncomingHttpHeaders) => (headers = { ...headers, ...given }));
    stream.on('data', (piece: Buffer) => {
      if (body.length < MAX_BODY) body = Buffer.concat([body, piece.subarray(0, MAX_BODY)]);
    });
    stream.once('error', reject);
    stream.once('close', () => {
      const one = (name: string): string => [headers[name] ?? ''].flat()[0] ?? '';
      if (one('grpc-status') === '') reject(new Error(`not gRPC: HTTP status ${one(':status')}`));
      else
        resolve({
          status: one('grpc-status'),
          message: percentDecoded(one('grpc-message')),
          body,
        });
    });
  });
}

/** As it is where it is not encoded: a container may answer anything, and nobody would catch an error of a listener. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function verdict({ status, message, body }: Answer): [ok: boolean, output: string] {
  if (status === UNIMPLEMENTED)
    return [
      false,
      `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`,
    ];
  if (status === DEADLINE_EXCEEDED) return [false, 'timeout: health rpc did not complete in time'];
  if (status !== OK) return [false, `error: health rpc probe failed: code = ${status}: ${message}`];
  // HealthCheckResponse: field 1, an enumeration, which is left out when it is 0.
  const state = body[PREFIX] === 0x08 ? (body[PREFIX + 1] ?? 0) : 0;
  const name = STATES[state] ?? String(state);
  return name === 'SERVING' ? [true, ''] : [false, `service unhealthy (responded with "${name}")`];
}
