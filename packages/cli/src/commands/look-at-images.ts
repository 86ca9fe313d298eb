// What is in the images of this machine, and what of it Debian has newer by now. Nothing is built and nothing changed.
import { resolve } from 'node:path';
import { ImageError, outdatedImages, writeSboms, type OutdatedImage } from '@stackwright/images';
import { CliError, exitCodes } from '../errors.js';
import { table } from '../terminal/table.js';
import type { CommandContext } from './context.js';

/** Writes what each image that is here is made of. */
export async function imagesSbom(
  { terminal, signal }: CommandContext,
  names: readonly string[],
  { directory }: { directory: string },
): Promise<void> {
  const only = names.length === 0 ? undefined : names;
  for (const file of await looked(writeSboms(resolve(directory), { only, signal }))) terminal.data(file);
}

/** Resolves with the exit code: 2 where Debian has something newer. */
export async function imagesOutdated(
  { terminal, signal }: CommandContext,
  names: readonly string[],
  { output }: { output?: 'json' },
): Promise<number> {
  terminal.note("Asking Debian's mirror what there is by now …");
  const images = await looked(outdatedImages({ only: names.length === 0 ? undefined : names, signal }));
  if (output === 'json') terminal.json(images);
  else terminal.lines(sayOutdated(images));
  return images.every(({ outdated }) => outdated.length === 0) ? exitCodes.ok : exitCodes.changes;
}

/** A line per package and version, security updates first, with the images that have it. */
export function sayOutdated(images: readonly OutdatedImage[]): string[] {
  const rows = new Map<string, { cells: string[]; security: boolean; images: string[] }>();
  for (const { image, outdated } of images) {
    for (const { name, installed, newer, suites, security } of outdated) {
      const key = `${name} ${installed} ${newer}`;
      const row = rows.get(key) ?? { cells: [name, installed, newer, suites.join(', ')], security, images: [] };
      row.images.push(image);
      rows.set(key, row);
    }
  }
  if (rows.size === 0)
    return [`Debian has nothing newer than what is in ${images.map(({ image }) => image).join(', ')}.`];
  const sorted = [...rows.values()].sort((a, b) => Number(b.security) - Number(a.security));
  return [
    ...table([
      ['PACKAGE', 'INSTALLED', 'NEWER', 'FROM', 'IN'],
      ...sorted.map(({ cells, images: names }) => [...cells, names.join(', ')]),
    ]),
    '',
    `${rows.size} packages, ${sorted.filter(({ security }) => security).length} of them security updates. To take them:`,
    '  npx tsx packages/images/src/main.ts --force',
  ];
}

async function looked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ImageError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}
