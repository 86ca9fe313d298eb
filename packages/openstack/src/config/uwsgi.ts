// How our HTTP APIs are served.
import { readFileSync } from 'node:fs';
import type { Serving } from '@stackwright/api';

export type UwsgiOptions = Readonly<Record<string, string | number | boolean | undefined>>;

export interface WsgiApi {
  /** The application, as "module:callable" or "module:factory()". */
  application: string;
  port: number;
  /** Where kubelets ask whether it lives, in the clear: no thread that answers requests has to be free for it. */
  livenessPort: number;
  serving: Serving;
  /** Python modules of ours that the application needs, or is: their text, by the names that they are imported by. */
  programs?: Readonly<Record<string, string>> | undefined;
  /** Where the files are mounted. */
  directory: string;
  /** Paths of certificate and key, to be served over HTTPS and nothing else. */
  tls?: { certificate: string; key: string } | undefined;
}

const loader = 'stackwright_application';
const liveness = 'stackwright_liveness';
const loaderProgram = readFileSync(new URL('./stackwright_application.py', import.meta.url), 'utf8');
const livenessProgram = readFileSync(new URL('./stackwright_liveness.py', import.meta.url), 'utf8');

/**
 * The files that serve an API: `uwsgi.ini` and what it loads. `options` come beside or instead of ours, `undefined` takes
 * one away.
 */
export function uwsgiFiles(api: WsgiApi, options: UwsgiOptions = {}): Record<string, string> {
  if (!/^[A-Za-z_][\w.]*:[A-Za-z_]\w*(?:\(\))?$/.test(api.application)) {
    throw new Error(`"${api.application}" is no WSGI application`);
  }
  return {
    'uwsgi.ini': renderUwsgi(api, options),
    [`${loader}.py`]: loaderProgram,
    [`${liveness}.py`]: livenessProgram,
    ...Object.fromEntries(Object.entries(api.programs ?? {}).map(([name, text]) => [`${name}.py`, text])),
    // Read by the programs.
    application: `${api.application}\n`,
    liveness: `${api.livenessPort}\n`,
  };
}

function renderUwsgi(api: WsgiApi, options: UwsgiOptions): string {
  const { serving } = api;
  const merged: UwsgiOptions = {
    // What it does not know, it would pass over.
    strict: true,
    plugins: 'python3',
    pythonpath: api.directory,
    module: `${loader}:application`,
    master: true,
    // As a file: a function of a module is a crash of the mule with Python 3.13.
    mule: `${api.directory}/${liveness}.py`,
    processes: serving.processes,
    threads: serving.threads,
    ...(serving.requestTimeoutSeconds > 0 ? { harakiri: serving.requestTimeoutSeconds } : {}),
    // oslo.messaging and the memcache client have threads of their own.
    'enable-threads': true,
    // The application is loaded after the fork: processes must not share connections to the database.
    'lazy-apps': true,
    // An application that cannot be loaded ends the Pod, which says why, instead of answering 500.
    'need-app': true,
    // A Pod that ends finishes the requests that it has; with die-on-term it would drop them.
    'hook-master-start': 'unix_signal:15 gracefully_kill_them_all',
    // How long, which is the kubelet's to say: by default no longer than a minute.
    'worker-reload-mercy': serving.terminationGracePeriodSeconds,
    'no-orphans': true,
    'thunder-lock': true,
    // Tokens and service catalogs make headers larger than the 4 kB that are the default.
    'buffer-size': 65_535,
    // http-socket closes the connection after each answer; unless clients are told, they reuse it and fail at random.
    'add-header': 'Connection: close',
    ...options,
  };
  const lines = Object.entries(merged).flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}`]));
  return ['[uwsgi]', ...socketLines(api), ...lines, ''].join('\n');
}

/** There where the kernel has IPv6. Then all addresses are those of both families. */
const ipv6 = '/proc/net/if_inet6';

function socketLines({ port, tls }: Pick<WsgiApi, 'port' | 'tls'>): string[] {
  const socketOn = (address: string) =>
    tls ? `https-socket = ${address}:${port},${tls.certificate},${tls.key}` : `http-socket = ${address}:${port}`;
  return [
    ...[`if-exists = ${ipv6}`, socketOn('[::]'), 'endif ='],
    ...[`if-not-exists = ${ipv6}`, socketOn('0.0.0.0'), 'endif ='],
  ];
}
