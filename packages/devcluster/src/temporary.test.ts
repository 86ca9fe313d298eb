import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { abandonedFolders, temporaryFolder } from './temporary.js';

it('folders of processes that are no more are found, and those of others are left alone', async () => {
  const ours = await temporaryFolder();
  const [, space = ''] = basename(ours).split('-');
  const beside = (name: string) => join(tmpdir(), `devcluster-${name}`);
  // No process of Linux has such a number.
  const dead = beside(`${space}-4194305-abcdef`);
  const ofImages = `/var/tmp/stackwright-images-${space}-4194305-abcdef`;
  const elsewhere = beside(`${Number(space) + 1}-4194305-abcdef`);
  try {
    for (const path of [dead, ofImages, elsewhere]) await mkdir(path, { recursive: true });
    const found = await abandonedFolders();
    expect(found).toEqual(expect.arrayContaining([dead, ofImages]));
    expect(found).not.toContain(ours);
    expect(found).not.toContain(elsewhere);
    expect((await stat(ours)).mode & 0o777).toBe(0o700);
  } finally {
    for (const path of [ours, dead, ofImages, elsewhere]) await rm(path, { recursive: true, force: true });
  }
});
