// As much of Keystone as probes and a first login need. Its tokens say that they are simulated.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Program, ProgramContext } from '../program.js';
import { serveHttp } from './serve.js';

const PORT = 5000;
const TOKEN_LIFE = 3_600_000;

export const keystone: Program = async (context) => {
  await serveHttp(
    (request, response) => answer(request, response, context),
    context.spec.ports[0]?.containerPort ?? PORT,
    context,
  );
  return 0;
};

function answer(request: IncomingMessage, response: ServerResponse, context: ProgramContext): void {
  const path = (request.url ?? '/').split('?')[0]?.replace(/(.)\/$/, '$1') ?? '/';
  const base = `http://${request.headers.host ?? context.ip}/v3/`;
  const version = { id: 'v3.14', status: 'stable', links: [{ rel: 'self', href: base }] };
  const send = (code: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
  if (path === '/') return send(300, { versions: { values: [version] } });
  if (path === '/healthcheck') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('OK');
  if (path === '/v3') return send(200, { version });
  if (path === '/v3/auth/tokens' && request.method === 'POST') {
    request.resume();
    return send(201, token(context.clock.now(), base), { 'x-subject-token': `simulated-${randomUUID()}` });
  }
  send(404, {
    error: { code: 404, title: 'Not Found', message: 'The simulated Keystone does not know this resource.' },
  });
}

function token(now: number, url: string): object {
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');
  const domain = { id: 'default', name: 'Default' };
  const endpoint = (kind: string): object => ({
    id: `simulated-${kind}`,
    interface: kind,
    region: 'RegionOne',
    region_id: 'RegionOne',
    url,
  });
  return {
    token: {
      methods: ['password'],
      user: { domain, id: 'simulated-admin', name: 'admin', password_expires_at: null },
      project: { domain, id: 'simulated-project', name: 'admin' },
      is_domain: false,
      roles: [{ id: 'simulated-role', name: 'admin' }],
      catalog: [
        {
          id: 'simulated-identity',
          name: 'keystone',
          type: 'identity',
          endpoints: ['public', 'internal', 'admin'].map(endpoint),
        },
      ],
      audit_ids: [`simulated-${randomUUID()}`],
      issued_at: time(now),
      expires_at: time(now + TOKEN_LIFE),
    },
  };
}
