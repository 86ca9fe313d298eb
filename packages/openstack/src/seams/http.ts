// Calls over HTTP to what is not Kubernetes: OpenStack's APIs, RabbitMQ's management. A seam: tests and the fault
// simulation answer in its place.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  /** PEM of the authorities that the server's certificate is checked against; default: Node's own. */
  ca?: string;
  /**
   * Where to connect instead of to what the URL names: controllers resolve no names inside of the cluster. Host header and
   * the name in the certificate stay the URL's.
   */
  address?: Address;
}

export interface Address {
  host: string;
  port: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  /** At most 8 MiB; a longer answer rejects. */
  body: string;
}

export interface Http {
  /** Whatever the status is. Redirects are not followed. Rejects when there is no answer. */
  request(call: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
}

const longestBody = 8 * 1024 * 1024;

export const http: Http = {
  request: ({ method, url, headers = {}, json, ca, address }, signal) =>
    new Promise((resolve, reject) => {
      const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
      const to = new URL(url);
      const options: RequestOptions & { ca?: string; servername?: string } = {
        method,
        signal,
        // A connection of its own: an answer over one from before a rollout would prove nothing.
        agent: false,
        headers: {
          accept: 'application/json',
          connection: 'close',
          host: to.host,
          ...(body ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
          ...headers,
        },
        ...(ca === undefined ? {} : { ca }),
        // What connects to an address would not know which name to ask for and to check; an address in the URL is none.
        ...(isIP(to.hostname.replace(/^\[|\]$/g, '')) ? {} : { servername: to.hostname }),
        ...(address ? { hostname: address.host, host: address.host, port: address.port } : {}),
      };
      const call = (to.protocol === 'https:' ? httpsRequest : httpRequest)(to, options, (answer) => {
        const chunks: Buffer[] = [];
        let length = 0;
        answer.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > longestBody) answer.destroy(new Error(`The answer of ${method} ${url} is too long`));
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(answer.headers).map(([name, value]) => [
                name,
                Array.isArray(value) ? value.join(', ') : value,
              ]),
            ),
            body: Buffer.concat(chunks).toString(),
          });
        });
      });
      call.on('error', reject);
      call.end(body);
    }),
};
