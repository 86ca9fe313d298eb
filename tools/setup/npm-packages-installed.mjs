// Exits 0 when node_modules holds what package-lock.json says, by what npm noted down at the end of its last
// installation (node_modules/.package-lock.json), those of a single workspace (packages/*/node_modules) too. Optional packages are of other platforms when they are missing.
import { readFileSync } from 'node:fs';

try {
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const installed = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')).packages;
  const missing = Object.entries(wanted).some(
    ([path, { optional, version, link }]) =>
      path.includes('node_modules/') && !optional && !(path in installed && installed[path].version === version && installed[path].link === link),
  );
  process.exit(missing ? 1 : 0);
} catch {
  process.exit(1);
}
