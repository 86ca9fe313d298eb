// `npm pack` and `npm publish` of a package: types and bundles as they are now, and the licence that the workspace has once.
// Run by npm in the package's folder.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const workspace = resolve(import.meta.dirname, '../..');
const root = relative(workspace, process.cwd());
const run = (program, ...args) =>
  // npm takes what is written to its output for its own, as with `npm pack --json`.
  execFileSync(process.execPath, [program, ...args], { cwd: workspace, stdio: ['ignore', process.stderr, 'inherit'] });

// What no source makes any more is not handed on.
rmSync('dist', { recursive: true, force: true });
run('node_modules/typescript/bin/tsc', '-b', root);
run('tools/workspace/bundle.mjs', root);
copyFileSync(resolve(workspace, 'LICENSE'), 'LICENSE');
