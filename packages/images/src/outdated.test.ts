import { expect, it } from 'vitest';
import { parsePolicy } from './outdated.js';

const policy = `openssl:
  Installed: 3.0.19-1~deb12u2
  Candidate: 3.0.22-1~deb12u2
  Version table:
     3.0.22-1~deb12u2 500
        500 http://mirror.example/debian-security bookworm-security/main amd64 Packages
     3.0.20-1~deb12u2 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
 *** 3.0.19-1~deb12u2 100
        100 /tmp/status
     3.0.17-1~deb12u2 500
        500 http://mirror.example/debian bookworm-updates/main amd64 Packages
libc6:
  Installed: 2.36-9+deb12u14
  Candidate: 2.36-9+deb12u14
  Version table:
 *** 2.36-9+deb12u14 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
        100 /tmp/status
     2.36-9+deb12u7 500
        500 http://mirror.example/debian-security bookworm-security/main amd64 Packages
tzdata:
  Installed: 2025a-0
  Candidate: 2025b-0
  Version table:
     2025b-0 500
        500 http://mirror.example/debian bookworm-updates/main amd64 Packages
 *** 2025a-0 100
        100 /tmp/status
removed-from-debian:
  Installed: 1
  Candidate: 1
  Version table:
 *** 1 100
        100 /tmp/status
`;

it('knows what is newer, where from, and whether it is a security update', () => {
  expect(parsePolicy(policy)).toEqual([
    {
      name: 'openssl',
      installed: '3.0.19-1~deb12u2',
      newer: '3.0.22-1~deb12u2',
      suites: ['bookworm-security', 'bookworm'],
      security: true,
    },
    { name: 'tzdata', installed: '2025a-0', newer: '2025b-0', suites: ['bookworm-updates'], security: false },
  ]);
});

it('finds nothing where nothing is newer', () => {
  expect(parsePolicy('')).toEqual([]);
});
