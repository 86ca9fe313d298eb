import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@stackwright/kube';
import type { PodSpec, Volume } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../../shared/objects.js';
import { pod } from '../../testing/manifests.js';
import { writePayload } from './atomic-writer.js';
import { hostMounter, noMounter } from './mounter.js';
import { giveToGroup } from './ownership.js';
import type { Payload, PayloadContext } from './payload.js';
import { Volumes } from './volumes.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'volumes-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;

describe('files of a volume', () => {
  const payload = (files: Record<string, string>, mode = 0o644): Payload =>
    new Map(Object.entries(files).map(([path, content]) => [path, { content: Buffer.from(content), mode }]));

  it('change all at once, by one link', async () => {
    expect(await writePayload(directory, payload({ a: '1', 'sub/b': '1' }))).toBe(true);
    const first = await readlink(join(directory, '..data'));
    // What a container holds open or is reading through the former directory stays whole until the link has moved.
    expect(await readlink(join(directory, 'a'))).toBe('..data/a');
    expect(await writePayload(directory, payload({ a: '2', 'sub/c': '2' }))).toBe(true);
    expect(await readlink(join(directory, '..data'))).not.toBe(first);
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('2');
    expect(await readFile(join(directory, 'sub/c'), 'utf8')).toBe('2');
    await expect(stat(join(directory, 'sub/b'))).rejects.toThrow('ENOENT');
    expect((await readdir(directory)).filter((name) => name.startsWith('..'))).toHaveLength(2);
  });

  it.each(['../x', '/x', 'a/../../x', '..data/x', 'a//b', './x', 'a/.', '..', ''])(
    'are nowhere but in the volume: %s is refused before anything is written',
    async (path) => {
      await expect(writePayload(join(directory, 'v'), payload({ good: '1', [path]: '1' }))).rejects.toThrow(
        'leads out of the volume',
      );
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('take away no directory that somebody else has put a link to', async () => {
    const volume = join(directory, 'v');
    await mkdir(join(directory, 'theirs'));
    await writePayload(volume, payload({ a: '1' }));
    await rm(join(volume, '..data'));
    await symlink('../theirs', join(volume, '..data'));
    await writePayload(volume, payload({ a: '2' }));
    expect(await readFile(join(volume, 'a'), 'utf8')).toBe('2');
    expect((await stat(join(directory, 'theirs'))).isDirectory()).toBe(true);
  });

  it('are of one version, whenever one looks', async () => {
    const version = (name: string): Payload => payload({ [name]: name, both: name });
    await writePayload(directory, version('v0'));
    let writing = true;
    const look = async (): Promise<string[]> => {
      const seen: string[] = [];
      while (writing) {
        const data = await realpath(join(directory, '..data'));
        const names = await readdir(data).catch(() => []);
        const both = await readFile(join(data, 'both'), 'utf8').catch(() => undefined);
        // Gone under our eyes: look again.
        if (both !== undefined && names.length > 0) seen.push(`${names.join()}=${both}`);
      }
      return seen;
    };
    const looks = look();
    for (let i = 1; i <= 20; i += 1) await writePayload(directory, version(`v${i}`));
    writing = false;
    const seen = new Set(await looks);
    expect(seen.size).toBeGreaterThan(1);
    for (const each of seen) expect(each).toMatch(/^both,(v\d+)=\1$/);
    expect((await readdir(directory)).filter((name) => !name.startsWith('..')).sort()).toEqual(['both', 'v20']);
  });

  it('are not touched when nothing changed, not even by another process', async () => {
    await writePayload(directory, payload({ a: '1' }));
    const { ino } = await lstat(join(directory, '..data'));
    expect(await writePayload(directory, payload({ a: '1' }))).toBe(false);
    expect((await lstat(join(directory, '..data'))).ino).toBe(ino);
  });

  it('lose the names that are no more', async () => {
    await writePayload(directory, payload({ a: '1', b: '1' }));
    await writePayload(directory, payload({ b: '1' }));
    expect((await readdir(directory)).filter((name) => !name.startsWith('..'))).toEqual(['b']);
  });

  it('have their mode', async () => {
    await writePayload(directory, payload({ key: 'x' }, 0o400));
    expect((await stat(join(directory, 'key'))).mode & 0o777).toBe(0o400);
  });

  it.runIf(isRoot)('can be read by the group that they are for', async () => {
    await writePayload(directory, payload({ key: 'x' }, 0o400), 64110);
    expect(await stat(join(directory, 'key'))).toMatchObject({
      gid: 64110,
      mode: expect.toSatisfy((mode: number) => (mode & 0o777) === 0o440) as number,
    });
  });
});

describe('a volume given to a group', () => {
  it.runIf(isRoot)('belongs to it, all the way down, and skips links', async () => {
    await mkdir(join(directory, 'sub'));
    await writeFile(join(directory, 'sub/file'), '', { mode: 0o600 });
    await symlink('/etc/hostname', join(directory, 'link'));
    const outside = await stat('/etc/hostname');
    await giveToGroup(directory, 64100, false);
    expect((await stat(join(directory, 'sub'))).mode & 0o2070).toBe(0o2070);
    expect(await stat(join(directory, 'sub/file'))).toMatchObject({ gid: 64100 });
    expect((await stat('/etc/hostname')).gid).toBe(outside.gid);
  });
});

describe('a volume that a container changes meanwhile', () => {
  it.runIf(isRoot)(
    'gives nothing outside of it to its group, though files become links under the eyes of the node',
    async () => {
      const [volume, outside] = [join(directory, 'volume'), join(directory, 'outside')];
      await mkdir(outside, { mode: 0o700 });
      await writeFile(join(outside, 'secret'), '', { mode: 0o600 });
      await mkdir(join(volume, 'sub'), { recursive: true });
      for (let index = 0; index < 20; index += 1) await writeFile(join(volume, 'sub', `${index}`), '');
      let looking = true;
      const swap = async (): Promise<void> => {
        while (looking) {
          await symlink(outside, join(volume, 'link'));
          await rename(join(volume, 'sub'), join(volume, 'kept'));
          await rename(join(volume, 'link'), join(volume, 'sub'));
          await rm(join(volume, 'sub'));
          await rename(join(volume, 'kept'), join(volume, 'sub'));
        }
      };
      const swaps = swap();
      try {
        for (let round = 0; round < 20; round += 1) await giveToGroup(volume, 64130, false);
      } finally {
        looking = false;
        await swaps;
      }
      for (const path of [outside, join(outside, 'secret')]) {
        const { gid, mode } = await stat(path);
        expect([gid, mode & 0o077]).toEqual([0, 0]);
      }
    },
  );

  it.runIf(isRoot)('is given to the group without opening what is in it, and not too deep', async () => {
    await promisify(execFile)('mkfifo', [join(directory, 'pipe')]);
    await giveToGroup(directory, 64131, false);
    expect((await stat(join(directory, 'pipe'))).gid).toBe(64131);
    await mkdir(join(directory, ...Array.from({ length: 250 }, () => 'd')), { recursive: true });
    await expect(giveToGroup(directory, 64132, false)).rejects.toThrow('directories in each other');
  });
});

describe('memory for a volume', () => {
  it.runIf(isRoot)(
    'is mounted once, also by a path with a link in it, and goes with all that is below',
    async (test) => {
      const path = join(directory, 'pods/uid/run');
      await mkdir(path, { recursive: true });
      if (!(await hostMounter.mountMemory(path, 1024 * 1024))) test.skip('this host lets nobody mount');
      try {
        await writeFile(join(path, 'secret'), 'x');
        await symlink(directory, `${directory}-link`);
        expect(await hostMounter.mountMemory(join(`${directory}-link`, 'pods/uid/run'), undefined)).toBe(true);
        expect(await readdir(path)).toEqual(['secret']);
        await hostMounter.unmountAll(join(`${directory}-link`, 'pods'));
        expect(await readdir(path)).toEqual([]);
      } finally {
        await hostMounter.unmountAll(directory);
        await rm(`${directory}-link`, { force: true });
      }
    },
  );
});

describe('the volumes of a Pod', () => {
  const claims = new Map<string, PersistentVolumeClaim>();
  const persistentVolumes = new Map<string, PersistentVolume>();
  const volumes = (): Volumes =>
    new Volumes({
      directory: join(directory, 'pods'),
      mounter: noMounter,
      claim: (_namespace, name) => claims.get(name),
      persistentVolume: (name) => persistentVolumes.get(name),
    });
  const make = (volume: Omit<Volume, 'name'>, spec: Partial<PodSpec> = {}): Stored<Pod> => {
    const made = pod('p', { volumes: [{ name: 'v', ...volume }], ...spec }, { app: 'p' }) as Stored<Pod>;
    made.metadata.uid = 'uid';
    return made;
  };
  const data = Object.fromEntries(
    Object.entries({ a: '1', b: '2' }).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  const contextOf = (object: Stored<Pod>): PayloadContext => ({
    pod: object,
    addresses: { podIP: '10.0.0.1', hostIP: '10.0.0.2' },
    node: { cpus: 1, memoryBytes: 1 },
    sources: {
      secret: (_namespace, name) => (name === 's' ? { apiVersion: 'v1', kind: 'Secret', data } : undefined),
      configMap: (_namespace, name) =>
        name === 'c'
          ? { apiVersion: 'v1', kind: 'ConfigMap', data: { conf: 'x' }, binaryData: { bin: 'AAE=' } }
          : undefined,
    },
    token: async (audience) => `token for ${audience ?? 'the API'}`,
  });
  const prepare = async (object: Stored<Pod>, subPath?: string): Promise<string> => {
    const all = volumes();
    await all.prepare(object, contextOf(object));
    return (await all.mount(object, { name: 'v', mountPath: '/v' }, subPath)).hostPath;
  };

  it('show the chosen keys of a Secret, under other names where wanted', async () => {
    const path = await prepare(
      make({ secret: { secretName: 's', items: [{ key: 'a', path: 'sub/first', mode: 0o600 }] } }),
    );
    expect(await readFile(join(path, 'sub/first'), 'utf8')).toBe('1');
    expect((await readdir(path)).filter((name) => !name.startsWith('..'))).toEqual(['sub']);
  });

  it('show a ConfigMap, text and bytes', async () => {
    const path = await prepare(make({ configMap: { name: 'c' } }));
    expect(await readFile(join(path, 'conf'), 'utf8')).toBe('x');
    expect([...(await readFile(join(path, 'bin')))]).toEqual([0, 1]);
  });

  it('bring several sources together', async () => {
    const sources = [
      { secret: { name: 's', items: [{ key: 'b', path: 'b' }] } },
      { configMap: { name: 'absent', optional: true } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { serviceAccountToken: { path: 'token', audience: 'vault' } },
    ];
    const path = await prepare(make({ projected: { sources } }));
    const files = await Promise.all(['b', 'labels', 'token'].map((name) => readFile(join(path, name), 'utf8')));
    expect(files).toEqual(['2', 'app="p"', 'token for vault']);
  });

  it.each<[string, Omit<Volume, 'name'>]>([
    ['secret "none" not found', { secret: { secretName: 'none' } }],
    [
      'references non-existent secret key: z (test/s)',
      { secret: { secretName: 's', items: [{ key: 'z', path: 'z' }] } },
    ],
    ['configmap "none" not found', { configMap: { name: 'none' } }],
    ['persistentvolumeclaim "none" not found', { persistentVolumeClaim: { claimName: 'none' } }],
    ['hostPath type check failed: /nowhere is not a directory', { hostPath: { path: '/nowhere', type: 'Directory' } }],
    ['volumes of type nfs are not supported by this node', { nfs: { server: 's', path: '/' } }],
  ])('fail with: %s', async (message, volume) => {
    await expect(prepare(make(volume))).rejects.toThrow(`MountVolume.SetUp failed for volume "v" : ${message}`);
  });

  it('are directories that live as long as the Pod', async () => {
    const object = make({ emptyDir: {} });
    const path = await prepare(object);
    await writeFile(join(path, 'file'), 'x');
    expect(await prepare(object)).toBe(path);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('x');
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await volumes().remove('uid');
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('are those of the claim, which outlives the Pod', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], volumeName: 'pv' };
    claims.set('data', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec, status: { phase: 'Bound' } });
    persistentVolumes.set('pv', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      spec: { hostPath: { path: join(directory, 'pv') } },
    });
    const path = await prepare(make({ persistentVolumeClaim: { claimName: 'data' } }));
    await writeFile(join(path, 'row'), 'x');
    await volumes().remove('uid');
    expect(await readFile(join(directory, 'pv/row'), 'utf8')).toBe('x');
  });

  it('give one file of a Secret as it is now', async () => {
    const path = await prepare(make({ secret: { secretName: 's' } }), 'a');
    expect((await lstat(path)).isFile()).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('1');
    await expect(prepare(make({ secret: { secretName: 's' } }), 'z')).rejects.toThrow('no such file in the volume');
  });

  it('make a missing subdirectory, and never leave the volume', async () => {
    const object = make({ emptyDir: {} });
    expect((await stat(await prepare(object, 'data/mysql'))).isDirectory()).toBe(true);
    await symlink('/etc', join(await prepare(object), 'escape'));
    for (const subPath of ['../other', '/etc', 'escape', 'escape/made-here'])
      await expect(prepare(object, subPath)).rejects.toThrow('leads out of its volume');
    await expect(stat('/etc/made-here')).rejects.toThrow('ENOENT');
  });

  it('make nothing behind a link that leads out of the volume', async () => {
    const outside = join(directory, 'outside');
    await mkdir(outside);
    const object = make({ emptyDir: {} });
    await symlink(outside, join(await prepare(object), 'escape'));
    await expect(prepare(object, 'escape/a/b')).rejects.toThrow('leads out of its volume');
    expect(await readdir(outside)).toEqual([]);
  });

  it.runIf(isRoot)('give what a subPath was when it was looked at, whatever its name leads to later', async (test) => {
    const all = new Volumes({
      directory: join(directory, 'pods'),
      mounter: hostMounter,
      claim: () => undefined,
      persistentVolume: () => undefined,
    });
    const object = make({ emptyDir: {} });
    await all.prepare(object, contextOf(object));
    const mount = { name: 'v', mountPath: '/v' };
    const { hostPath: volume } = await all.mount(object, mount, undefined);
    try {
      for (const subPath of ['data/deep', 'file']) {
        if (subPath === 'file') await writeFile(join(volume, 'file'), 'ours');
        const { hostPath } = await all.mount(object, mount, subPath);
        if (hostPath.startsWith(volume)) test.skip('this host lets nobody mount');
        const outside = join(directory, `outside-${subPath.length}`);
        await mkdir(outside);
        await rename(join(volume, subPath), join(volume, 'moved'));
        await symlink(outside, join(volume, subPath));
        const there = (await stat(hostPath)).isDirectory() ? join(hostPath, 'x') : hostPath;
        await writeFile(there, 'written');
        expect(await readdir(outside)).toEqual([]);
        const moved = join(volume, 'moved');
        expect(await readFile((await stat(moved)).isDirectory() ? join(moved, 'x') : moved, 'utf8')).toBe('written');
        await rm(moved, { recursive: true });
        // Asked for again, it is what is there now: a link that leads out is refused as ever.
        await expect(all.mount(object, mount, subPath)).rejects.toThrow('leads out of its volume');
      }
    } finally {
      await all.remove('uid');
      await hostMounter.unmountAll(directory);
    }
    await expect(stat(join(directory, 'pods/uid'))).rejects.toThrow('ENOENT');
  });

  it('that the node writes are read by containers alone, whatever their Pod says', async () => {
    for (const volume of [{ secret: { secretName: 's' } }, { configMap: { name: 'c' } }]) {
      const object = make(volume);
      await prepare(object);
      const mount = { name: 'v', mountPath: '/v', readOnly: false };
      expect(await volumes().mount(object, mount, undefined)).toMatchObject({ readOnly: true });
    }
  });
});
