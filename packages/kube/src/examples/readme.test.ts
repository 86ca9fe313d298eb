import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { configMap, line, sendJson, sendStatus, startServer } from '../testing/server.js';

const text = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

it.each(['client.ts', 'kind.ts'])('the README shows %s as it is', (example) => {
  const shown = text(example).replace("'../index.js'", "'@stackwright/kube'");
  expect(text('../../README.md')).toContain(`\`\`\`ts\n${shown}\`\`\``);
});

it('the examples do what they say', async () => {
  const server = await startServer(({ method, query }, response) => {
    if (query.has('watch')) response.end(line('ADDED', configMap('web')));
    else if (method === 'GET') sendStatus(response, 404, 'NotFound');
    else sendJson(response, {});
  });
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    log.mockRestore();
    rmSync(folder, { recursive: true });
    await server.stop();
  });
  writeFileSync(
    join(folder, 'config'),
    JSON.stringify({
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server: server.url } }],
      users: [{ name: 'a', user: {} }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', namespace: 'demo' } }],
    }),
  );
  vi.stubEnv('KUBECONFIG', join(folder, 'config'));

  await import('./client.js');
  expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /apis/apps/v1/namespaces/demo/deployments/web',
    'PATCH /api/v1/namespaces/demo/configmaps/web',
    'GET /apis/apps/v1/namespaces/demo/deployments',
  ]);
  expect(log).toHaveBeenLastCalledWith('ADDED', 'web');

  await import('./kind.js');
  expect(log.mock.calls.at(-2)?.[0]).toContain('name: backups.example.stackwright.dev');
  expect(log.mock.calls.at(-1)?.[0]).toContain(
    '| `spec.keep` | integer | `7` | How many copies are kept. (at least 1) |',
  );
});
