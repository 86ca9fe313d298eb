import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeChange, readRecord, recordImage } from './record.js';

const directory = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(directory, { recursive: true }));

const packages = (versions: Record<string, string>) =>
  Object.entries(versions).map(([name, version]) => ({ name, version, architecture: 'all', source: name }));
const build = (image: string, id: string, versions: Record<string, string>) =>
  recordImage(directory, { image, id, hash: 'h' }, packages(versions));

it('a rebuild says which packages are others than before', async () => {
  expect(await build('keystone:2025.1', '1', { openssl: '3.5.1-1', sudo: '1.9', tzdata: '2025a' })).toEqual([]);
  const changes = await build('keystone:2025.1', '2', { openssl: '3.5.1-1+deb13u1', tzdata: '2025a', zstd: '1.5' });
  expect(changes.map(describeChange)).toEqual(['openssl 3.5.1-1 → 3.5.1-1+deb13u1', '- sudo 1.9', '+ zstd 1.5']);
  expect(await readRecord(directory, 'keystone:2025.1')).toMatchObject({ id: '2', packages: { zstd: '1.5' }, changes });
});

it('each image is recorded by itself', async () => {
  await build('base:trixie', '1', { a: '1' });
  await build('base:forky', '1', { a: '2' });
  expect((await readRecord(directory, 'base:trixie'))?.packages).toEqual({ a: '1' });
});

it('a record that cannot be read is as none', async () => {
  writeFileSync(join(directory, 'node-24.json'), '{ "image": ');
  expect(await build('node:24', '1', { nodejs: '24' })).toEqual([]);
  expect((await readRecord(directory, 'node:24'))?.packages).toEqual({ nodejs: '24' });
});
