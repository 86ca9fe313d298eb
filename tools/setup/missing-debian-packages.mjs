// Prints the Debian packages that running containers needs and that are not there, one a line; with --why, for people.
import { existsSync, readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('packages/images/prerequisites.json', 'utf8'));

for (const { name, files, why } of packages.filter((each) => !each.files.some((file) => existsSync(file)))) {
  console.log(process.argv.includes('--why') ? `      ${name.padEnd(24)} ${why}` : name);
}
