// The images that the control plane runs from, as they lie on the disk.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, type Cluster } from '../cluster.js';

const names = ['base:trixie', 'base:forky', 'node:24', 'openstack-base:2025.1', 'keystone:2025.1', 'placement:2025.1'];
const others = ['glance:2025.1', 'mariadb:11.8', 'memcached:1.6', 'rabbitmq:4.0'];

interface Bom {
  components: { name: string; purl?: string }[];
}

export function images(cluster: Cluster): void {
  it.each([...names, ...others])('%s has no program that makes somebody else of who runs it', async (name) => {
    const image = `localhost/stackwright/${name}`;
    const mounted = await run('podman', ['image', 'mount', image]);
    expect(mounted.code, mounted.stderr).toBe(0);
    try {
      const found = await run('find', [mounted.stdout.trim(), '-xdev', '-type', 'f', '-perm', '/6000']);
      expect(found).toMatchObject({ code: 0, stdout: '' });
    } finally {
      await run('podman', ['image', 'umount', image]);
    }
  });

  it('have a bill of materials, with the controllers and whose code is in them', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sbom-'));
    try {
      const { code, stderr } = await cluster.stackwright('images', 'sbom', 'keystone', 'controller', '-d', directory);
      expect(code, stderr).toBe(0);
      const purlsOf = (file: string): string[] =>
        (JSON.parse(readFileSync(join(directory, file), 'utf8')) as Bom).components.map(({ purl = '' }) => purl);
      expect(purlsOf('keystone-2025.1.cdx.json')).toContainEqual(
        expect.stringMatching(/^pkg:deb\/debian\/keystone@2:27\..*distro=trixie$/),
      );
      expect(purlsOf('controller-0.1.0.cdx.json')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^pkg:deb\/debian\/nodejs@.*distro=forky$/),
          expect.stringMatching(/^pkg:npm\/%40kubernetes\/client-node@\d/),
        ]),
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
