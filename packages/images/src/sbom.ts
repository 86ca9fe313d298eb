// What an image is made of, as a software bill of materials (CycloneDX): read from the image itself, so that it is true of that image.
import { constants } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as Enums from '@cyclonedx/cyclonedx-library/Enums';
import * as Models from '@cyclonedx/cyclonedx-library/Models';
import * as Serialize from '@cyclonedx/cyclonedx-library/Serialize';
import * as Spec from '@cyclonedx/cyclonedx-library/Spec';
import { BUNDLES, THIRD_PARTY } from './bundles.js';
import { packagesAt, type DebianPackage } from './packages.js';

/** A package of others whose code is in a bundle. */
export interface NpmPackage {
  name: string;
  version: string;
  /** SPDX expression. */
  licence: string;
}

export interface ImageContents {
  /** `localhost/stackwright/keystone` */
  name: string;
  tag: string;
  /** Debian's release, `13`; undefined where the image does not say. */
  debian: { codename: string; version: string } | undefined;
  packages: readonly (DebianPackage & { /** As Debian names them. */ licences: readonly string[] })[];
  /** Our programs in it, and whose code is in each. */
  programs: readonly { name: string; version: string; packages: readonly NpmPackage[] }[];
}

/** Reads all of it from the files of an image. `version` is that of our own programs. */
export async function contentsAt(
  root: string,
  image: { name: string; tag: string },
  version: string,
): Promise<ImageContents> {
  const release = fieldsOf(await textOf(join(root, 'usr/lib/os-release')));
  const packages = await packagesAt(root);
  return {
    ...image,
    debian:
      release.get('ID') === 'debian'
        ? { codename: release.get('VERSION_CODENAME') ?? '', version: release.get('VERSION_ID') ?? '' }
        : undefined,
    packages: await Promise.all(
      packages.map(async (one) => ({
        ...one,
        licences: licencesOf(await textOf(join(root, 'usr/share/doc', one.name, 'copyright'))),
      })),
    ),
    programs: await programsAt(join(root, BUNDLES), version),
  };
}

/** The same image gives the same text: neither the time nor chance is in it. */
export function sbomOf({ name, tag, debian, packages, programs }: ImageContents): string {
  const image = new Models.Component(Enums.ComponentType.Container, name, { version: tag, bomRef: 'image' });
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: image }) });
  const add = (component: Models.Component, to: Models.Component): void => {
    bom.components.add(component);
    to.dependencies.add(component.bomRef);
  };
  if (debian !== undefined) {
    const { version, codename } = debian;
    add(
      new Models.Component(Enums.ComponentType.OperatingSystem, 'debian', { version, bomRef: `debian-${codename}` }),
      image,
    );
  }
  for (const one of packages) add(debianComponent(one, debian?.codename), image);
  const found = new Map<string, Models.Component>();
  for (const program of programs) {
    const component = new Models.Component(Enums.ComponentType.Application, program.name, {
      group: '@stackwright',
      version: program.version,
      bomRef: `stackwright-${program.name}`,
    });
    component.licenses.add(new Models.SpdxLicense('Apache-2.0'));
    add(component, image);
    for (const one of program.packages) {
      const known = found.get(npmPurl(one)) ?? npmComponent(one);
      found.set(npmPurl(one), known);
      add(known, component);
    }
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function debianComponent(
  { name, version, architecture, source, licences }: ImageContents['packages'][number],
  codename: string | undefined,
): Models.Component {
  const distro = codename === undefined ? '' : `&distro=${encodeURIComponent(codename)}`;
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeVersion(version)}?arch=${architecture}${distro}`;
  const component = new Models.Component(Enums.ComponentType.Library, name, { version, purl, bomRef: purl });
  // Debian's names of licences are nearly SPDX's, but not all: so they are names here.
  for (const licence of licences) component.licenses.add(new Models.NamedLicense(licence));
  if (source !== name) component.properties.add(new Models.Property('stackwright:debian:source', source));
  return component;
}

function npmComponent(one: NpmPackage): Models.Component {
  const [, group, name = one.name] = /^(@[^/]+)\/(.+)$/.exec(one.name) ?? [];
  const purl = npmPurl(one);
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    version: one.version,
    purl,
    bomRef: purl,
  });
  if (group !== undefined) component.group = group;
  component.licenses.add(
    / /.test(one.licence) ? new Models.LicenseExpression(one.licence) : new Models.SpdxLicense(one.licence),
  );
  return component;
}

const npmPurl = ({ name, version }: NpmPackage): string =>
  `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encodeVersion(version)}`;

/** As package URLs want it: a colon stays, a plus does not. */
const encodeVersion = (version: string): string => encodeURIComponent(version).replaceAll('%3A', ':');

/** The names of all licences in a copyright file that machines can read; of none in another. */
export function licencesOf(copyright: string): string[] {
  if (!/^Format:/m.test(copyright)) return [];
  const names = [...copyright.matchAll(/^Licen[cs]e:[ \t]*(\S.*)$/gm)].map(([, name = '']) => name.trim());
  return [...new Set(names)].sort();
}

async function programsAt(directory: string, version: string): Promise<ImageContents['programs']> {
  const names = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const programs = names
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => {
      const text = await textOf(join(directory, name, THIRD_PARTY));
      return { name, version, packages: text === '' ? [] : (JSON.parse(text) as NpmPackage[]) };
    });
  return Promise.all(programs);
}

/** Empty where there is no such file. Links in an image lead to places in it, and here they would lead to places of the host. */
const textOf = (path: string): Promise<string> =>
  readFile(path, { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NOFOLLOW }).catch(() => '');

const fieldsOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, key = '', value = '']) => [key, value]));
