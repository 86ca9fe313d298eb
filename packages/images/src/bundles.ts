import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageDefinition } from './definition.js';
import { ImageError } from './errors.js';
import type { BundleFile } from './hash.js';

/** Where they are in an image. */
export const BUNDLES = 'opt/stackwright';
/** Beside each: whose code is in it, by name, version and licence. */
export const THIRD_PARTY = 'third-party.json';

/** What the build left for one controller. The source map makes its stack traces readable; licences ask for the notices. */
const FILES = [
  { name: 'main.js', required: true },
  { name: 'main.js.map', required: false },
  { name: 'THIRD-PARTY-NOTICES.txt', required: false },
  { name: THIRD_PARTY, required: false },
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

/** All that goes to /opt/stackwright. */
export async function bundleFiles(definition: ImageDefinition, workspace: string): Promise<BundleFile[]> {
  const { bundles = [] } = definition;
  if (bundles.length === 0) return [];
  // Bundles are ES modules: said here, Node does not parse each twice to find out.
  const files: BundleFile[] = [{ path: 'package.json', content: Buffer.from('{ "type": "module" }\n') }];
  for (const bundle of bundles) {
    for (const { name, required } of FILES) {
      const path = join('packages', bundle, 'dist', name);
      try {
        files.push({ path: join(bundle, name), content: await readFile(join(workspace, path)) });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        if (required) {
          throw new ImageError(
            'missing-bundle',
            `Image ${definition.name} needs ${path}, which is not there: npm run build makes it.`,
          );
        }
      }
    }
  }
  return files;
}

/** Puts the files where the Containerfile copies them from. */
export async function stageBundles(files: readonly BundleFile[], context: string): Promise<void> {
  for (const { path, content } of files) {
    const target = join(context, 'bundles', path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
