// Where the API server is and as whom we speak to it. `config.ts` makes one from a kubeconfig or from inside a Pod;
// `connectionTo` makes one from plain values.
import type { Agent } from 'node:http';

/** PEM, as `node:tls` takes it. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  /** The name that the server's certificate must carry, where it is not the host of the URL. */
  servername?: string;
  /** False accepts any certificate. Default true. */
  rejectUnauthorized?: boolean;
}

export interface Credentials {
  /** A list is sent as a header for each of its values. */
  headers: Readonly<Record<string, string | string[]>>;
  /** The same object for as long as nothing changed: the transport makes new connections when it is another one. */
  tls: TlsOptions;
}

export interface AgentLimits {
  keepAlive: boolean;
  maxSockets: number;
  /** Milliseconds after which an unused connection is closed. */
  timeout: number;
}

export interface Connection {
  /** "https://10.0.0.1:6443", with a path where the API server is behind one; no slash at the end. */
  readonly server: string;
  /** The namespace of the context, or of the Pod we run in; "default" where neither says. */
  readonly namespace: string;
  /** Answers are not to be compressed. Default false: long ones may be. */
  readonly disableCompression?: boolean;
  /** What the next request carries. Cheap: files and plugins are asked once a minute, not once a request. */
  credentials(): Credentials | Promise<Credentials>;
  /**
   * The server refused the credentials (401): forget what is cached. False when asking again cannot bring others.
   */
  expire(): boolean;
  /** Present when the way leads through a proxy. */
  proxyAgent?(tls: TlsOptions, limits: AgentLimits): Agent;
}

export interface StaticConnection {
  /** "https://…", or "http://…" on loopback in tests. */
  server: string;
  token?: string;
  tls?: TlsOptions;
  namespace?: string;
}

/** A connection whose credentials never change. */
export function connectionTo(options: StaticConnection): Connection {
  const credentials: Credentials = {
    headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
    tls: options.tls ?? {},
  };
  return {
    server: serverUrl(options.server),
    namespace: options.namespace ?? 'default',
    credentials: () => credentials,
    expire: () => false,
  };
}

/** Without the slash at the end. Throws a TypeError for what is no address of an API server. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new TypeError(`"${text}" is not an http or https URL`);
  // The address is in every error message, where a password has no place.
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError(`the address of ${url.host} must have neither user nor query; users are said apart from it`);
  }
  return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`;
}
