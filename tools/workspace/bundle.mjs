// Bundles a package: `index.js` for those who import it (dependencies stay imports), and one self-contained
// `main.js` per process. `node tools/workspace/bundle.mjs packages/<name> [--main-only]`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { leanKubeconfig } from './lean-kubeconfig.mjs';

const [root, ...flags] = process.argv.slice(2);
if (!root) {
  console.error('usage: bundle.mjs packages/<name> [--main-only]');
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
  legalComments: 'none',
  plugins: [leanKubeconfig],
};

if (!flags.includes('--main-only')) {
  await build({ ...common, entryPoints: [join(root, 'src/index.ts')], outfile: join(root, 'dist/index.js'), packages: 'external' });
}
if (existsSync(join(root, 'src/main.ts'))) {
  await build({
    ...common,
    entryPoints: [join(root, 'src/main.ts')],
    outfile: join(root, 'dist/main.js'),
    // CommonJS dependencies call require() for Node's own modules; an ES module has none.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
}
