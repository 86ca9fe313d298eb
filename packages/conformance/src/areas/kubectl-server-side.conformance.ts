import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { kubectlIn } from '../support/kubectl.js';
import { configMap } from '../support/objects.js';

const api = bench('kubectl-ssa', { needs: ['kubectl'] });
const kubectl = kubectlIn(api.namespace);
const { run } = kubectl;

const apply = (name: string, data: Record<string, string>, ...more: string[]): string[] => [
  'apply',
  '--server-side',
  '-f',
  kubectl.file(configMap(name, data)),
  ...more,
];
const data = (name: string): Promise<string> => run('get', 'configmap', name, '-o', 'jsonpath={.data}');

describe('kubectl apply --server-side', () => {
  it('creates and says so', async () => {
    expect(await run(...apply('made', { a: '1' }))).toBe('configmap/made serverside-applied\n');
    expect(await run('get', 'configmap', 'made', '-o', 'yaml', '--show-managed-fields')).toMatch(
      /manager: kubectl\s+operation: Apply/,
    );
  });

  it('refuses a conflict, and names manager and field', async () => {
    await run(...apply('fought', { a: '1' }, '--field-manager=alice'));
    const refusal = await kubectl.refused(...apply('fought', { a: '2' }, '--field-manager=bob'));
    expect(refusal).toContain('Apply failed with 1 conflict: conflict with "alice": .data.a');
    expect(refusal).toContain('--force-conflicts');
    expect(await data('fought')).toBe('{"a":"1"}');
  });

  it('--force-conflicts takes the field over', async () => {
    await run(...apply('fought', { a: '2' }, '--field-manager=bob', '--force-conflicts'));
    expect(await data('fought')).toBe('{"a":"2"}');
    expect(await run('get', 'configmap', 'fought', '-o', 'yaml', '--show-managed-fields')).toMatch(
      /manager: bob\s+operation: Apply/,
    );
  });

  it('removes what it does not say any more', async () => {
    await run(...apply('shrinking', { a: '1', b: '1' }));
    await run(...apply('shrinking', { a: '1' }));
    expect(await data('shrinking')).toBe('{"a":"1"}');
  });

  it('shares fields that two managers say alike', async () => {
    await run(...apply('shared', { a: '1' }, '--field-manager=alice'));
    await run(...apply('shared', { a: '1', b: '1' }, '--field-manager=bob'));
    await run(...apply('shared', {}, '--field-manager=alice'));
    expect(await data('shared')).toBe('{"a":"1","b":"1"}');
  });

  it('takes over from client-side apply, without leaving fields behind', async () => {
    await run('apply', '-f', kubectl.file(configMap('moved', { a: '1', b: '1' })));
    await run(...apply('moved', { a: '2' }));
    expect(await data('moved')).toBe('{"a":"2"}');
  });

  it('gives back to client-side apply', async () => {
    await run(...apply('back', { a: '1' }));
    await run('apply', '-f', kubectl.file(configMap('back', { a: '2' })));
    expect(await data('back')).toBe('{"a":"2"}');
  });

  it('--dry-run=server shows and does not write', async () => {
    const shown = await run(...apply('dry', { a: '1' }, '--dry-run=server', '-o', 'jsonpath={.data.a}'));
    expect(shown).toBe('1');
    expect(await run('get', 'configmap', 'dry', '--ignore-not-found')).toBe('');
  });

  it('diff --server-side shows what it would change', async () => {
    const { code, stdout } = await kubectl.try([
      'diff',
      '--server-side',
      '-f',
      kubectl.file(configMap('made', { a: '2' })),
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/-\s+a: "1"\n\+\s+a: "2"/);
  });
});
