// npm run generate: writes docs/reference, and the code in the other pages. A test fails when it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs';
import { withCode, writtenPages } from './included-code.js';
import { pages, render } from './pages.js';

for (const [path, page] of Object.entries(pages)) {
  writeFileSync(path, await render(page));
  console.log(path);
}
for (const path of writtenPages()) {
  const before = readFileSync(path, 'utf8');
  const after = withCode(before);
  if (after === before) continue;
  writeFileSync(path, after);
  console.log(path);
}
