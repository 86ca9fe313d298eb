import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageDefinition } from './definition.js';
import { ImageError } from './errors.js';
import type { BundleFile } from './hash.js';

/** What `nx build` left for one controller. The source map makes its stack traces readable. */
const FILES = [
  { name: 'main.js', required: true },
  { name: 'main.js.map', required: false },
];

/** Found from wherever this code runs: from source, or bundled into the command line's process. */
export function workspaceRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'nx.json'))) {
    const parent = dirname(directory);
    if (parent === directory) {
      throw new ImageError('missing-bundle', 'Images with controllers can only be built in a clone of the workspace.');
    }
    directory = parent;
  }
  return directory;
}

const source = (workspace: string, bundle: string): string => join(workspace, 'packages', bundle, 'dist');

export async function bundleFiles(definition: ImageDefinition, workspace: string): Promise<BundleFile[]> {
  const files: BundleFile[] = [];
  for (const bundle of definition.bundles ?? []) {
    for (const { name, required } of FILES) {
      try {
        files.push({ path: `${bundle}/${name}`, content: await readFile(join(source(workspace, bundle), name)) });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        if (required) {
          const path = `packages/${bundle}/dist/${name}`;
          throw new ImageError(
            'missing-bundle',
            `Image ${definition.name} needs ${path}, which is not there: run npx nx build ${bundle} first.`,
          );
        }
      }
    }
  }
  return files;
}

/** Puts the bundles where the Containerfile copies them from. */
export async function stageBundles(definition: ImageDefinition, workspace: string, context: string): Promise<void> {
  for (const bundle of definition.bundles ?? []) {
    for (const { name } of FILES) {
      await cp(join(source(workspace, bundle), name), join(context, 'bundles', bundle, name)).catch(
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        },
      );
    }
  }
}
