#!/usr/bin/env node
// There before anything is built, so that `npx stackwright` works in a clone right after `npm ci`: the program is bundled when it
// is first asked for, and by `npm start` whenever it has changed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/main.js', import.meta.url);
const root = new URL('../../../', import.meta.url);
process.setSourceMapsEnabled(true);
if (!existsSync(program) && existsSync(new URL('nx.json', root))) {
  console.error('stackwright: bundling the command line, once');
  spawnSync(process.execPath, ['tools/workspace/bundle.mjs', 'packages/cli', '--main-only'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
  });
}
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('stackwright: it is not built.\n  Run npm ci, and then this again; or npm start.');
  process.exitCode = 1;
}
