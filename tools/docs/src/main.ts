// npm run generate: writes docs/reference. A test fails when it was forgotten.
import { writeFileSync } from 'node:fs';
import { pages, render } from './pages.js';

for (const [path, page] of Object.entries(pages)) {
  writeFileSync(path, await render(page));
  console.log(path);
}
