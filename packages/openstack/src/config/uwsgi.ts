// How our HTTP APIs are served.

export type UwsgiOptions = Readonly<Record<string, string | number | boolean | undefined>>;

/** `module` is the WSGI application; `options` come beside or instead of ours, `undefined` takes one away. */
export function renderUwsgi(api: { module: string; port: number }, options: UwsgiOptions = {}): string {
  const merged: UwsgiOptions = {
    plugins: 'python3',
    'http-socket': `0.0.0.0:${api.port}`,
    module: api.module,
    master: true,
    processes: 1,
    threads: 4,
    // oslo.messaging and the memcache client have threads of their own.
    'enable-threads': true,
    // The application is loaded after the fork: processes must not share connections to the database.
    'lazy-apps': true,
    // An application that cannot be loaded ends the Pod, which says why, instead of answering 500.
    'need-app': true,
    'die-on-term': true,
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
