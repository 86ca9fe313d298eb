import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiObject } from '../json.js';
import { DiskPersistence } from './persistence.js';
import { Store } from './store.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (compactAfter?: number): Store =>
  new Store({
    persistence: new DiskPersistence({ directory, ...(compactAfter === undefined ? {} : { compactAfter }) }),
  });

const object = (name: string, value: number): ApiObject => ({ kind: 'Thing', metadata: { name }, value });
const logs = (): string[] => readdirSync(directory).filter((name) => name.startsWith('log-'));
const values = (store: Store): unknown[] => store.list('things').map((item) => item['value']);

describe('a store on disk', () => {
  it('is as it was after a restart, revisions and history included', async () => {
    const before = open();
    const start = before.revision;
    before.put('things', 'a', object('a', 1));
    before.put('things', 'b', object('b', 2));
    before.put('things', 'a', object('a', 3));
    before.delete('things', 'b');
    await before.close();

    const after = open();
    expect(after.revision).toBe(before.revision);
    expect(values(after)).toEqual([3]);
    expect(after.get('things', 'a')?.metadata.resourceVersion).toBe(
      before.get('things', 'a')?.metadata.resourceVersion,
    );
    expect(
      after
        .history('things')
        .since(start)
        ?.map(({ type, key }) => `${type} ${key}`),
    ).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
    await after.close();
  });

  it('has written what is durable, though no new log can be begun', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const store = open(100);
    store.put('things', 'a', object('a', 1));
    rmSync(directory, { recursive: true });
    for (let value = 2; value < 20; value += 1)
      expect(store.put('things', 'a', object('a', value))['value']).toBe(value);
    await store.close();
    expect(warned).toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('loses a line that was torn, and nothing before it', async () => {
    const before = open();
    before.put('things', 'a', object('a', 1));
    await before.close();
    appendFileSync(join(directory, logs()[0] ?? ''), '[[99,"things","b",{"kind":"Th');

    const after = open();
    expect(values(after)).toEqual([1]);
    after.put('things', 'c', object('c', 3));
    await after.close();
    const again = open();
    expect(values(again)).toEqual([1, 3]);
    await again.close();
  });

  it('loses a last line that is damaged, and nothing before it', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const before = open();
    before.put('things', 'a', object('a', 1));
    before.put('things', 'b', object('b', 2));
    await before.close();
    const path = join(directory, logs()[0] ?? '');
    appendFileSync(path, `[[99,"things","c",{"kind":\0\0\0\0\n\0\0\0\n\0\0`);
    const after = open();
    expect(values(after)).toEqual([1, 2]);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(`${path}:3 was not written to its end`));
    after.put('things', 'c', object('c', 3));
    await after.close();
    const again = open();
    expect(values(again)).toEqual([1, 2, 3]);
    await again.close();
    warned.mockRestore();
  });

  it('is read from a log that no string can hold', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const before = open();
    before.put('things', 'a', object('a', 1));
    await before.close();
    // A hole: it takes no room on the disk.
    truncateSync(join(directory, logs()[0] ?? ''), 2 ** 29 + 1024);
    const after = open();
    expect(values(after)).toEqual([1]);
    await after.close();
    warned.mockRestore();
  });

  it('has a log that is bounded although its writers leave no time for snapshots', async () => {
    const store = open(2_000);
    const text = 'x'.repeat(100);
    let largest = 0;
    for (let value = 0; value < 500; value += 1) {
      store.put('things', `k${value % 7}`, { ...object(`k${value % 7}`, value), text });
      for (const name of logs()) largest = Math.max(largest, statSync(join(directory, name)).size);
    }
    expect(largest).toBeLessThan(5_000);
    await store.close();
    expect(logs()).toHaveLength(1);
    const after = open();
    expect(values(after)).toEqual(values(store));
    expect(after.revision).toBe(store.revision);
    await after.close();
  });

  it('refuses to start on a log that is damaged inside', async () => {
    const before = open();
    before.put('things', 'a', object('a', 1));
    before.put('things', 'b', object('b', 2));
    await before.close();
    const path = join(directory, logs()[0] ?? '');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"things"', '"thin'));
    expect(() => open()).toThrow(/log-\d+\.jsonl:1 is damaged/);
  });

  it('is compacted into a snapshot while it goes on', async () => {
    const before = open(2_000);
    for (let value = 0; value < 200; value += 1) before.put('things', `k${value % 7}`, object(`k${value % 7}`, value));
    await vi.waitFor(() =>
      expect(readdirSync(directory).some((name) => /^snapshot-\d+\.jsonl$/.test(name))).toBe(true),
    );
    before.put('things', 'late', object('late', 1000));
    await before.close();
    const size = readdirSync(directory).reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0);
    expect(size).toBeLessThan(10_000);

    const after = open();
    expect(values(after)).toEqual(values(before));
    expect(after.revision).toBe(before.revision);
    // Watches from before the snapshot cannot be served any more, and are told so.
    expect(after.history('things').since(2)).toBeUndefined();
    await after.close();
  });

  it('takes an unfinished snapshot for none', async () => {
    const before = open();
    before.put('things', 'a', object('a', 1));
    await before.close();
    writeFileSync(join(directory, 'snapshot-2.jsonl.tmp'), '{"revision":2,"objects":1}\n');
    const after = open();
    expect(values(after)).toEqual([1]);
    await after.close();
  });
});

it('nothing that was acknowledged is lost when the process is killed in the middle of writes', async () => {
  // Small logs, so that kills hit snapshots and rotations as well.
  const program = `
    const { Store } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url).href)});
    const { DiskPersistence } = await import(${JSON.stringify(new URL('./persistence.ts', import.meta.url).href)});
    const store = new Store({ persistence: new DiskPersistence({ directory: ${JSON.stringify(directory)}, compactAfter: 20000 }) });
    for (let value = Number(process.argv[1]); ; value += 1) {
      const key = 'k' + (value % 50);
      store.put('things', key, { kind: 'Thing', metadata: { name: key }, value });
      process.stdout.write(value + '\\n');
      if (value % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }`;
  let acknowledged = 0;
  for (let round = 0; round < 3; round += 1) {
    const begin = acknowledged + 1;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program, String(begin)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === begin + 400) child.kill('SIGKILL');
    }
    const store = open();
    // Each key's last acknowledged value is there, or a later one whose acknowledgement did not reach us.
    for (let value = Math.max(1, acknowledged - 49); value <= acknowledged; value += 1) {
      expect(store.get('things', `k${value % 50}`)?.['value']).toBeGreaterThanOrEqual(value);
    }
    acknowledged = Math.max(...(values(store) as number[]));
    await store.close();
  }
  expect(acknowledged).toBeGreaterThan(1200);
});
