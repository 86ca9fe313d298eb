import { parseArgs } from 'node:util';
import { accounts } from './accounts.js';
import { buildImages } from './build.js';
import { keyOf, registry, type ImageDefinition } from './definition.js';
import { definitions } from './definitions/index.js';
import { ImageError } from './errors.js';
import { createProgress } from './progress.js';

const usage = `Builds the container images from Debian's packages.

  npx tsx packages/images/src/main.ts [--only NAME,NAME] [--force] [--list]

  --only   these images and those they stand on (default: all)
  --force  build them anew although nothing changed, to take Debian's updates
  --list   say which images there are
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      force: { type: 'boolean' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.list === true) {
    for (const definition of definitions) process.stdout.write(`${listing(definition)}\n`);
    return 0;
  }
  const abort = new AbortController();
  // Not `once`: a runner in between (tsx, npm) may pass on what the terminal has sent already.
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const progress = createProgress(process.stderr);
  try {
    await buildImages({
      only: values.only?.split(','),
      force: values.force,
      signal: abort.signal,
      onProgress: (event) => progress.event(event),
    });
    return 0;
  } finally {
    progress.close();
  }
}

function listing(definition: ImageDefinition): string {
  const user = definition.user === undefined ? '' : ` user ${definition.user} (${accounts[definition.user].uid})`;
  const name = `${registry}/${keyOf(definition)}${definition.bundles === undefined ? '' : '-<hash>'}`;
  return `${name.padEnd(48)} ${definition.description}${user}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected =
    error instanceof ImageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  process.stderr.write(`error: ${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  process.exitCode = 1;
}
