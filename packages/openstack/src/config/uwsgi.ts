// How our HTTP APIs are served.

export type UwsgiOptions = Readonly<Record<string, string | number | boolean | undefined>>;

export interface WsgiApi {
  /** The application, as "module:callable" or "module:factory()". */
  application: string;
  port: number;
  /** Where the files are mounted. */
  directory: string;
  /** Paths of certificate and key, to be served over HTTPS and nothing else. */
  tls?: { certificate: string; key: string } | undefined;
}

const loader = 'stackwright_application';

/**
 * The files that serve an API: `uwsgi.ini` and what it loads. `options` come beside or instead of ours, `undefined` takes
 * one away.
 */
export function uwsgiFiles(api: WsgiApi, options: UwsgiOptions = {}): Record<string, string> {
  return { 'uwsgi.ini': renderUwsgi(api, options), [`${loader}.py`]: renderLoader(api.application) };
}

/**
 * An application that ends itself while it is loaded would be started again and again within one container, without a
 * sign to the outside. As an error it ends the container, with the cause at the end of its log.
 */
function renderLoader(application: string): string {
  const [, module, callable] = /^([A-Za-z_][\w.]*):([A-Za-z_]\w*(?:\(\))?)$/.exec(application) ?? [];
  if (!module || !callable) throw new Error(`"${application}" is no WSGI application`);
  return `import importlib
import os
import signal

# A worker that is told to end before it serves has nothing to finish, and uwsgi tells it only once. Later uwsgi's own handler counts.
signal.signal(signal.SIGHUP, lambda *_: os._exit(0))

try:
    application = importlib.import_module('${module}').${callable}
except SystemExit as error:
    raise RuntimeError(f'the application ended while it was loaded: {error}') from error
`;
}

function renderUwsgi(api: WsgiApi, options: UwsgiOptions): string {
  const merged: UwsgiOptions = {
    plugins: 'python3',
    ...(api.tls
      ? { 'https-socket': `0.0.0.0:${api.port},${api.tls.certificate},${api.tls.key}` }
      : { 'http-socket': `0.0.0.0:${api.port}` }),
    pythonpath: api.directory,
    module: `${loader}:application`,
    master: true,
    processes: 1,
    threads: 4,
    // oslo.messaging and the memcache client have threads of their own.
    'enable-threads': true,
    // The application is loaded after the fork: processes must not share connections to the database.
    'lazy-apps': true,
    // An application that cannot be loaded ends the Pod, which says why, instead of answering 500.
    'need-app': true,
    // A Pod that ends finishes the requests that it has; with die-on-term it would drop them.
    'hook-master-start': 'unix_signal:15 gracefully_kill_them_all',
    'no-orphans': true,
    'thunder-lock': true,
    // Tokens and service catalogs make headers larger than the 4 kB that are the default.
    'buffer-size': 65_535,
    // http-socket closes the connection after each answer; unless clients are told, they reuse it and fail at random.
    'add-header': 'Connection: close',
    ...options,
  };
  const lines = Object.entries(merged).flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}`]));
  return ['[uwsgi]', ...lines, ''].join('\n');
}
