import { expect, it } from 'vitest';
import { parseStatus } from './packages.js';

it('reads what dpkg has installed, and not what it has removed', () => {
  const status = `Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib (1:1.3)
Version: 1:1.3.dfsg+really1.3.1-1+b1
Description: compression library
 Version: this is text and no field
 .

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.152
`;
  expect(parseStatus(status)).toEqual([
    { name: 'adduser', version: '3.152', architecture: 'all', source: 'adduser' },
    { name: 'zlib1g', version: '1:1.3.dfsg+really1.3.1-1+b1', architecture: 'amd64', source: 'zlib' },
  ]);
});
