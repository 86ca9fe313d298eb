// One request and its answer on the wire.
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Cancellation } from './signals.js';

/** Resolves with the headers. Cancelling destroys the request, and its answer with it, at any time. */
export function send(
  options: RequestOptions,
  body: string | undefined,
  cancellation: Cancellation,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (cancellation.cancelled) {
      reject(cancellation.reason);
      return;
    }
    const request = (options.protocol === 'http:' ? httpRequest : httpsRequest)(options);
    // Takes response and connection with it. Without an error of ours: where the answer is complete but unread, Node
    // has already taken its listeners off the connection, and the error would be an uncaught exception.
    cancellation.onCancel(() => void request.destroy());
    // These stay on: both may fail once more when nobody waits any longer.
    request.on('error', reject);
    request.once('response', (response: IncomingMessage) => {
      response.on('error', ignore);
      resolve(response);
    });
    request.end(body);
  });
}

const ignore = (): void => undefined;

export async function readAll(response: IncomingMessage): Promise<string> {
  const body = await readBytes(response);
  return response.headers['content-encoding'] === 'gzip' ? (await inflate(body)).toString() : body.toString();
}

const inflate = promisify(gunzip);

function readBytes(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    response.on('error', reject);
    response.once('close', () => {
      // Comes after every answer: an error with its stack is made only where there is something to say.
      if (!response.readableEnded) reject(new Error('the connection broke in the middle of the answer'));
    });
  });
}

/** The peer hung up: it may or may not have read the request. */
export function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
