// Something for the API server to call: webhooks of the tests. It listens on loopback, where a devcluster and a local API
// server reach it. CONFORMANCE_CALLBACK_HOST names another address of this machine for others.
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { missing, target } from './target.js';

/** What a webhook is asked, and what it answers: an AdmissionReview or a ConversionReview. */
export type Answering = (request: Review['request']) => object;

export interface Review {
  request: {
    uid: string;
    operation: string;
    name: string;
    namespace: string;
    dryRun: boolean;
    object: { metadata: { name: string; labels?: Record<string, string> }; spec?: Record<string, unknown> } | null;
    oldObject: { metadata: { name: string } } | null;
    userInfo: { username: string };
    kind: { kind: string };
    desiredAPIVersion: string;
    objects: { apiVersion: string; spec: Record<string, unknown> }[];
  };
}

export class Callback {
  readonly #server: Server;
  readonly #ca: string;
  readonly #answers = new Map<string, Answering>();
  readonly #calls = new Map<string, number>();
  /** What was asked, newest last. */
  readonly asked: Review['request'][] = [];

  static async start(): Promise<Callback> {
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue('conformance', [host()]);
    const callback = new Callback(authority.ca, createServer({ cert, key }));
    callback.#server.listen(0, host() === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0');
    await once(callback.#server, 'listening');
    return callback;
  }

  private constructor(ca: string, server: Server) {
    this.#ca = ca;
    this.#server = server;
    server.on('request', (request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const review = JSON.parse(text) as Review;
        this.asked.push(review.request);
        const { pathname } = new URL(request.url ?? '/', 'https://callback');
        this.#calls.set(pathname, this.calls(pathname) + 1);
        const answer = this.#answers.get(pathname);
        response.setHeader('content-type', 'application/json');
        response.statusCode = answer ? 200 : 404;
        const { uid } = review.request;
        response.end(JSON.stringify({ ...review, request: undefined, response: { uid, ...answer?.(review.request) } }));
      });
    });
  }

  /** Answers at that path from now on. Returns the client configuration for the webhook. */
  at(path: string, answer: Answering): { url: string; caBundle: string } {
    this.#answers.set(path, answer);
    return { url: this.url(path), caBundle: Buffer.from(this.#ca).toString('base64') };
  }

  /** How often it was asked at that path. */
  calls(path: string): number {
    return this.#calls.get(path) ?? 0;
  }

  url(path: string): string {
    return `https://${host()}:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function host(): string {
  return process.env['CONFORMANCE_CALLBACK_HOST'] ?? '127.0.0.1';
}

/** Why the API server cannot call; undefined where it may well. */
export function unreachable(): string | undefined {
  const rights = missing(['rights']);
  if (rights !== undefined) return rights;
  if (process.env['CONFORMANCE_CALLBACK_HOST']) return undefined;
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(target.server).hostname)
    ? undefined
    : 'the API server is on another machine and cannot call this one (CONFORMANCE_CALLBACK_HOST names an address that it can)';
}
