import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsAt, licencesOf, sbomOf } from './sbom.js';

const root = mkdtempSync(join(tmpdir(), 'sbom-'));
const files: Record<string, string> = {
  'usr/lib/os-release': 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n',
  'var/lib/dpkg/status':
    'Package: libssl3t64\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.5.1-1)\nVersion: 3.5.1-1+deb13u1\n\n' +
    'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.3\n',
  'usr/share/doc/libssl3t64/copyright': 'Format: https://example.org/\n\nFiles: *\nLicense: Apache-2.0\n text\n',
  'opt/stackwright/package.json': '{}',
  'opt/stackwright/keystone/main.js': '',
  'opt/stackwright/keystone/third-party.json': JSON.stringify([
    { name: '@kubernetes/client-node', version: '1.4.0', licence: 'Apache-2.0' },
    { name: 'yaml', version: '2.9.1', licence: 'ISC' },
  ]),
  'opt/stackwright/mariadb/third-party.json': JSON.stringify([
    { name: 'yaml', version: '2.9.1', licence: 'ISC' },
    { name: '@bufbuild/protobuf', version: '2.12.0', licence: '(Apache-2.0 AND BSD-3-Clause)' },
  ]),
};
const outside = join(root, 'outside');

interface Bom {
  specVersion: string;
  serialNumber?: string;
  metadata: { timestamp?: string; component: { name: string; version: string } };
  components: { name: string; group?: string; purl?: string; 'bom-ref': string; licenses?: unknown }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}
let text = '';
let bom: Bom;
const image = { name: 'localhost/stackwright/controller', tag: '0.1.0-1a2b' };

beforeAll(async () => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  writeFileSync(outside, 'Format: x\nLicense: of-the-host\n');
  mkdirSync(join(root, 'usr/share/doc/zlib1g'));
  symlinkSync(outside, join(root, 'usr/share/doc/zlib1g/copyright'));
  text = sbomOf(await contentsAt(root, image, '0.1.0'));
  bom = JSON.parse(text) as Bom;
});
afterAll(() => rmSync(root, { recursive: true }));

const component = (name: string) => bom.components.find((one) => one.name === name);
const dependenciesOf = (ref: string) => bom.dependencies.find((one) => one.ref === ref)?.dependsOn;

describe('the bill of materials of an image', () => {
  it('says which image it is of', () => {
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(bom.metadata.component).toMatchObject({ name: 'localhost/stackwright/controller', version: '0.1.0-1a2b' });
  });

  it("names Debian's packages so that scanners find them, with their sources and licences", () => {
    expect(component('libssl3t64')).toMatchObject({
      purl: 'pkg:deb/debian/libssl3t64@3.5.1-1%2Bdeb13u1?arch=amd64&distro=trixie',
      licenses: [{ license: { name: 'Apache-2.0' } }],
      properties: [{ name: 'stackwright:debian:source', value: 'openssl' }],
    });
    expect(component('zlib1g')?.purl).toBe('pkg:deb/debian/zlib1g@1:1.3?arch=amd64&distro=trixie');
  });

  it('names the controllers, and whose code is in each', () => {
    expect(component('client-node')).toMatchObject({
      group: '@kubernetes',
      purl: 'pkg:npm/%40kubernetes/client-node@1.4.0',
      licenses: [{ license: { id: 'Apache-2.0' } }],
    });
    expect(component('protobuf')?.licenses).toEqual([{ expression: '(Apache-2.0 AND BSD-3-Clause)' }]);
    expect(dependenciesOf('stackwright-keystone')).toEqual([
      'pkg:npm/%40kubernetes/client-node@1.4.0',
      'pkg:npm/yaml@2.9.1',
    ]);
    expect(dependenciesOf('stackwright-mariadb')).toContain('pkg:npm/yaml@2.9.1');
    expect(bom.components.filter(({ name }) => name === 'yaml')).toHaveLength(1);
  });

  it('is the same for the same image', async () => {
    expect(sbomOf(await contentsAt(root, image, '0.1.0'))).toBe(text);
    expect(bom.serialNumber).toBeUndefined();
    expect(bom.metadata.timestamp).toBeUndefined();
  });

  it('has nothing of the host, where a link in the image would lead to it', () => {
    expect(text).not.toContain('of-the-host');
  });
});

it('takes licences only from what is written for machines', () => {
  expect(licencesOf('Format: x\nLicense: MIT\n\nLicense: GPL-2+\n')).toEqual(['GPL-2+', 'MIT']);
  expect(licencesOf('This package is free.\nLicense: see below\n')).toEqual([]);
});
