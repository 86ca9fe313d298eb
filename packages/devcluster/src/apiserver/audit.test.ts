import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMap } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { auditFile, type AuditEvent } from './audit.js';
import { TestServer } from './testing/http.js';
import { configMap, CONFIGMAPS } from './testing/objects.js';

it('every request is recorded, with who, what and whether anything changed', async () => {
  const api = await TestServer.start();
  const events: AuditEvent[] = [];
  api.server.onAudit((event) => events.push(event));
  await api.post(
    CONFIGMAPS,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'g-' } },
    { userAgent: 'maker/1.0' },
  );
  await api.apply(`${CONFIGMAPS}/a`, configMap('a', { x: '1' }), 'alice');
  await api.apply(`${CONFIGMAPS}/a`, configMap('a', { x: '1' }), 'alice');
  await api.get(CONFIGMAPS);
  await api.get(`${CONFIGMAPS}/none`);
  await api.merge(`${CONFIGMAPS}/a?dryRun=All`, { data: { x: '2' } });
  await api.server.client('system:robot').delete(ConfigMap, { namespace: 'default', name: 'a' });
  expect(events).toMatchObject([
    {
      user: 'kubernetes-admin',
      userAgent: 'maker/1.0',
      verb: 'create',
      resource: 'configmaps',
      namespace: 'default',
      code: 201,
      changed: true,
    },
    { verb: 'patch', name: 'a', code: 201, changed: true },
    { verb: 'patch', name: 'a', code: 200, changed: false },
    { verb: 'list', code: 200, changed: false },
    { verb: 'get', name: 'none', code: 404, reason: 'NotFound', changed: false },
    { verb: 'patch', dryRun: true, changed: false },
    { user: 'system:robot', verb: 'delete', changed: true },
  ]);
  expect(events[0]?.name).toMatch(/^g-/);
  await api.stop();
});

it('the file is kept from growing without end', () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-'));
  const path = join(directory, 'audit.log');
  const write = auditFile(path, 1000);
  const event: AuditEvent = {
    time: '',
    user: 'u',
    userAgent: '',
    verb: 'get',
    resource: 'pods',
    code: 200,
    duration: 1,
    changed: false,
  };
  for (let code = 0; code < 30; code += 1) write({ ...event, code });
  const lines = [`${path}.1`, path].flatMap((name) => readFileSync(name, 'utf8').trim().split('\n'));
  const codes = lines.map((line) => (JSON.parse(line) as AuditEvent).code);
  expect(codes.at(-1)).toBe(29);
  expect(codes.length).toBeLessThan(30);
  expect(codes).toEqual(codes.map((_, index) => (codes[0] ?? 0) + index));
  rmSync(directory, { recursive: true });
});
