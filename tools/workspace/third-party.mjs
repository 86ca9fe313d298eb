// Whose code is in a bundle, by what esbuild says it has put in, and under which licences: their notices go with it.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allowedInBundles, isAllowed } from './licences.mjs';

/** For people: the notices that licences ask for. */
export const NOTICES = 'THIRD-PARTY-NOTICES.txt';
/** For programs: name, version and licence of each package, from which `stackwright images sbom` makes components. */
export const PACKAGES = 'third-party.json';

const textFile = /^(?:(?:un)?licen[cs]es?|copying|notices?|copyright|third.?party)/i;

/** Packages that come without a text, and whose sources have none either: what their page says instead. */
const withoutText = {
  'abstract-logging': 'abstract-logging, by James Sumners: "MIT License", http://jsumners.mit-license.org/',
};

const own = `Stackwright is licensed under the Apache License, Version 2.0. This program has code of others in it, each part under the
licence that is said with it. A text that several share is printed once.`;

/** The packages of others whose code is in these bundles, by name. `root` is what paths of metafiles begin in. */
export function packagesIn(metafiles, root) {
  const folders = new Map();
  for (const { outputs } of metafiles) {
    for (const [input, { bytesInOutput }] of Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs ?? {}))) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
      if (folder === undefined || bytesInOutput === 0) continue;
      folders.set(folder, [...(folders.get(folder) ?? []), join(root, input)]);
    }
  }
  // One that is installed twice in the same version is one.
  const found = new Map();
  for (const [folder, files] of folders) {
    const { name, version, license: licence } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    found.set(`${name} ${version}`, { name, version, licence, folder: join(root, folder), files });
  }
  return [...found.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** The text of the notices. Throws where a licence is none that we allow, or its text cannot be found. */
export function noticesOf(packages) {
  const refused = packages.filter(({ licence }) => !isAllowed(licence, allowedInBundles));
  if (refused.length > 0) {
    const each = refused.map(({ name, version, licence }) => `${name} ${version} (${licence ?? 'no licence'})`).join(', ');
    throw new Error(`A bundle has code under a licence that is not in tools/workspace/licences.mjs: ${each}`);
  }
  const owners = new Map();
  for (const one of packages) {
    for (const text of textsOf(one)) owners.set(text, [...(owners.get(text) ?? []), one]);
  }
  const list = packages.map(({ name, version, licence }) => `  ${name} ${version} (${licence})`).join('\n');
  const texts = [...owners].map(([text, of]) => `${'='.repeat(100)}\n${of.map(({ name, version }) => `${name} ${version}`).join(', ')}\n\n${text}`);
  return [`${own}\n\n${list}`, ...texts].map((part) => `${part}\n`).join('\n');
}

/** Writes both files beside the bundles of a package, or takes them away where nobody else's code is in them. */
export function writeThirdParty(directory, metafiles, root) {
  const packages = packagesIn(metafiles, root);
  if (packages.length === 0) {
    for (const file of [NOTICES, PACKAGES]) rmSync(join(directory, file), { force: true });
    return;
  }
  writeFileSync(join(directory, NOTICES), noticesOf(packages));
  const facts = packages.map(({ name, version, licence }) => ({ name, version, licence }));
  writeFileSync(join(directory, PACKAGES), `${JSON.stringify(facts, undefined, 2)}\n`);
}

function textsOf({ name, version, folder, files }) {
  const texts = readdirSync(folder)
    .filter((file) => textFile.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  // Notices of other people within a package, which its own licence does not repeat.
  const comments = files.filter((file) => existsSync(file)).map(leadingComment);
  const known = texts.join('\n');
  texts.push(...comments.filter((text) => /copyright/i.test(text) && !known.includes(firstCopyright(text))));
  if (texts.length === 0 && name in withoutText) texts.push(withoutText[name]);
  if (texts.length === 0) throw new Error(`${name} ${version} is in a bundle, and has no text of its licence (tools/workspace/third-party.mjs).`);
  return new Set(texts.map((text) => text.replaceAll('\r', '').replace(/[ \t]+$/gm, '').trim()));
}

function leadingComment(file) {
  const text = readFileSync(file, 'utf8').replace(/^#!.*\n/, '').replace(/^\s*(?:['"]use strict['"];?)?\s*/, '');
  const comment = /^(?:\/\/.*\n?)+|^\/\*[^]*?\*\//.exec(text)?.[0] ?? '';
  return comment.replace(/^\s*(?:\/\/|\/\*+!?|\*+\/|\*)[ \t]?|\s*\*\/$/gm, '').trim();
}

const firstCopyright = (text) => /copyright.*/i.exec(text)?.[0].trim() ?? '';
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
