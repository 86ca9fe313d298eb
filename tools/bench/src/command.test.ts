import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bench, type Parts } from './command.js';
import type { Programs } from './build.js';

const directory = mkdtempSync(join(tmpdir(), 'bench-command-'));
afterAll(() => rmSync(directory, { recursive: true }));

function run(args: readonly string[], parts: Partial<Parts> = {}) {
  const written = { stdout: '', stderr: '' };
  const code = bench(
    args,
    {},
    {
      build: async () => ({}) as Programs,
      runSession: async () => ({ 'create.calls': 100 }),
      profile: async () => 'the profile',
      stdout: (text) => void (written.stdout += text),
      stderr: (text) => void (written.stderr += text),
      ...parts,
    },
  );
  return code.then((exit) => ({ exit, ...written }));
}

it('ends with 0 though targets are missed', async () => {
  const { exit, stdout } = await run(['--objects', '5', '--variants', 'plain']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/API calls per object +100\.00 +≤ 5 +missed/);
});

it('writes the same as JSON and Markdown', async () => {
  const [json, markdown] = [join(directory, 'a.json'), join(directory, 'a.md')];
  await run(['--objects', '5', '--repeats', '2', '--variants', 'plain,floor', '--json', json, '--markdown', markdown]);
  const { facts, tables, runs } = JSON.parse(readFileSync(json, 'utf8')) as Record<string, object[]>;
  expect(facts).toMatchObject({ node: process.version });
  expect(tables).toMatchObject([{ objects: 5, repeats: 2 }]);
  expect(runs).toHaveLength(4);
  expect(readFileSync(markdown, 'utf8')).toContain('| API calls per object | 100.00 | 100.00 | 1.00 |');
});

it('ends with 1 when it could not measure', async () => {
  const broken = { runSession: () => Promise.reject(new Error('the controller ended by itself')) };
  const { exit, stdout, stderr } = await run(['--quick'], broken);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
  expect(stderr).toContain('bench: the controller ended by itself');
});

it('ends with 2 and the usage for wrong arguments', async () => {
  const { exit, stderr } = await run(['--objects', 'x']);
  expect(exit).toBe(2);
  expect(stderr).toContain('Usage: npm run bench');
});

it('profiles instead, when asked', async () => {
  expect(await run(['--profile'])).toMatchObject({ exit: 0, stdout: 'the profile' });
});
