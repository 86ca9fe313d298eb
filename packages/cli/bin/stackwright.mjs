#!/usr/bin/env node
// There before anything is built, so that `npx stackwright` works in a clone; `npm start` builds what it runs.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
process.setSourceMapsEnabled(true);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('stackwright: it is not built yet.\n  Run npm start, or: node tools/workspace/bundle.mjs packages/cli --main-only');
  process.exitCode = 1;
}
