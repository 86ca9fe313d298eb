// How a webhook is reached: HTTPS to a URL or to a Service, with the authority that its configuration names.
import { request } from 'node:https';
import type { WebhookClientConfig } from 'kubernetes-types/admissionregistration/v1.d.ts';
import type { Store } from '../store/store.js';
import { serviceEndpoint, type Endpoint } from './services.js';

/** Finds where a Service is answered, from where this server runs. Undefined: as the cluster's endpoints say. */
export type ServiceResolver = (service: {
  namespace: string;
  name: string;
  port: number;
}) => Endpoint | undefined | Promise<Endpoint | undefined>;

export interface WebhookCaller {
  /** Posts a review and returns what the webhook answered. Throws an Error that says what went wrong. */
  post(config: WebhookClientConfig, body: unknown, timeoutSeconds: number): Promise<unknown>;
}

/** The longest answer that is read, in bytes. */
const LIMIT = 3 * 1024 * 1024;

export function webhookCaller(store: Store, resolve?: ServiceResolver): WebhookCaller {
  return {
    async post(config, body, timeoutSeconds) {
      const { service, caBundle } = config;
      const authority = service && `${service.name}.${service.namespace}.svc`;
      const address = service
        ? `https://${authority}:${service.port ?? 443}${service.path ?? '/'}`
        : (config.url ?? '');
      const url = new URL(address);
      url.searchParams.set('timeout', `${timeoutSeconds}s`);
      try {
        if (service) {
          const target = { namespace: service.namespace, name: service.name, port: service.port ?? 443 };
          const endpoint = (await resolve?.(target)) ?? serviceEndpoint(store, target);
          url.hostname = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
          url.port = String(endpoint.port);
        }
        return await post(url, {
          body: JSON.stringify(body),
          // Certificates are for the name of the Service, wherever it is answered.
          ...(authority === undefined ? {} : { servername: authority }),
          ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
          timeout: timeoutSeconds * 1000,
        });
      } catch (error) {
        if (error instanceof BadAnswer) throw error;
        throw new Error(
          `failed to call webhook: Post ${JSON.stringify(`${address}${url.search}`)}: ${reasonOf(error)}`,
          { cause: error },
        );
      }
    },
  };
}

class BadAnswer extends Error {}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' || error.name === 'AbortError' ? 'context deadline exceeded' : error.message;
}

function post(
  url: URL,
  { body, servername, ca, timeout }: { body: string; servername?: string; ca?: string; timeout: number },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          accept: 'application/json',
        },
        signal: AbortSignal.timeout(timeout),
        agent: false,
        ...(servername === undefined ? {} : { servername }),
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response
          .on('data', (piece: Buffer) => {
            size += piece.length;
            if (size > LIMIT) outgoing.destroy(new Error(`the answer is longer than ${LIMIT} bytes`));
            pieces.push(piece);
          })
          .on('error', reject)
          .on('end', () => {
            const text = Buffer.concat(pieces).toString();
            if (response.statusCode !== 200) {
              reject(
                new BadAnswer(
                  `failed to call webhook: the server rejected our request for an unknown reason (status code ${response.statusCode ?? 0})`,
                ),
              );
              return;
            }
            try {
              resolve(JSON.parse(text) as unknown);
            } catch {
              reject(
                new BadAnswer(
                  `failed to call webhook: couldn't get version/kind; json parse error: the answer is not JSON`,
                ),
              );
            }
          });
      },
    );
    outgoing.on('error', reject).end(body);
  });
}
