// Bundles a package: what its package.json exports for those who import it (dependencies stay imports), and one
// self-contained `main.js` per process, with the notices of whose code is in it. `node tools/workspace/bundle.mjs packages/<name> [--main-only]`.
// Any other program is bundled as a process by `--process <entry> <outfile> [--whole-client-node]`.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { inlinePrograms } from './inline-programs.mjs';
import { leanDependencies } from './lean-dependencies.mjs';
import { writeThirdParty } from './third-party.mjs';

const [root, ...flags] = process.argv.slice(2);
if (!root || (root === '--process' && flags.length < 2)) {
  console.error('usage: bundle.mjs packages/<name> [--main-only] | --process <entry> <outfile> [--whole-client-node]');
  process.exit(1);
}

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  conditions: ['@stackwright/source'],
  // The notices have them, once.
  legalComments: 'none',
  metafile: true,
  plugins: [inlinePrograms, leanDependencies],
};

async function buildProcess(entry, outfile, plugins = common.plugins) {
  const { metafile } = await build({
    ...common,
    plugins,
    entryPoints: [entry],
    outfile,
    // CommonJS dependencies call require() for Node's own modules; an ES module has none.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  return metafile;
}

if (root === '--process') {
  await buildProcess(flags[0], flags[1], flags.includes('--whole-client-node') ? [inlinePrograms] : undefined);
} else {
  const outdir = join(root, 'dist');
  const metafiles = [];
  if (!flags.includes('--main-only')) {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const entryPoints = Object.values(exports)
      .filter((entry) => entry.default)
      .map((entry) => ({ in: join(root, entry['@stackwright/source']), out: entry.default.replace(/^\.\/dist\/|\.js$/g, '') }));
    for (const file of existsSync(outdir) ? readdirSync(outdir) : []) if (file.startsWith('shared-')) rmSync(join(outdir, file));
    // Several entries of a package share their classes: an error thrown by one is an instance for who imports the other.
    const splitting = entryPoints.length > 1;
    const { metafile } = await build({ ...common, entryPoints, outdir, splitting, chunkNames: 'shared-[hash]', packages: 'external' });
    metafiles.push(metafile);
  }
  if (existsSync(join(root, 'src/main.ts'))) metafiles.push(await buildProcess(join(root, 'src/main.ts'), join(outdir, 'main.js')));
  writeThirdParty(outdir, metafiles, process.cwd());
}
