// Compares the running Node.js with `engines` of package.json. Plain old syntax: it must run on old versions as well.
import { readFileSync } from 'node:fs';

const wanted = JSON.parse(readFileSync('package.json', 'utf8')).engines.node;
const numbers = (version) => version.replace(/^[^0-9]*/, '').split('.').map(Number);
const [major, minor] = numbers(process.versions.node);
const [wantedMajor, wantedMinor] = numbers(wanted);

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  console.error(`stackwright: Node.js ${wanted} is needed, and this is ${process.versions.node}.`);
  console.error('  Install a newer one: https://nodejs.org/en/download');
  process.exit(1);
}
