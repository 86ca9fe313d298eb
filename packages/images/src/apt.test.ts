import { describe, expect, it } from 'vitest';
import { parseIndexTargets, refuseInsecure, renderSources, sourcesFor, transportOptions } from './apt.js';

const target = (...fields: string[]): string => fields.join('\t');
const main = target('http://mirror.example/debian/', 'bookworm', 'main', 'Debian', 'bookworm');

describe('sources of images', () => {
  it("are the host's mirrors with the image's suite", () => {
    const targets = parseIndexTargets(
      [
        main,
        target('http://mirror.example/debian/', 'bookworm-updates', 'main', 'Debian', 'bookworm-updates'),
        target('http://mirror.example/security/', 'bookworm-security', 'main', 'Debian', 'bookworm-security'),
        '',
      ].join('\n'),
    );
    expect(renderSources({ sources: sourcesFor('trixie', targets), options: [] })).toBe(
      'deb http://mirror.example/debian/ trixie main\n' +
        'deb http://mirror.example/debian/ trixie-updates main\n' +
        'deb http://mirror.example/security/ trixie-security main\n',
    );
  });

  it('name each once, without backports, other components and third parties', () => {
    const targets = parseIndexTargets(
      [
        main,
        main,
        target('http://mirror.example/debian/', 'bookworm', 'contrib', 'Debian', 'bookworm'),
        target('http://mirror.example/debian/', 'bookworm-backports', 'main', 'Debian Backports', 'bookworm-backports'),
        target('https://packages.example/node/', 'nodistro', 'main', '. nodistro', ''),
      ].join('\n'),
    );
    expect(sourcesFor('trixie', targets)).toEqual([{ uri: 'http://mirror.example/debian/', suite: 'trixie' }]);
  });

  it('follow a host whose file names suites by class', () => {
    const targets = parseIndexTargets(target('http://m/', 'stable-security', 'main', 'Debian', 'bookworm-security'));
    expect(sourcesFor('trixie', targets)).toEqual([{ uri: 'http://m/', suite: 'trixie-security' }]);
  });
});

it('takes proxies and date checks from the host, nothing else', () => {
  const dump = [
    'Acquire::http "";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::Check-Valid-Until "false";',
    'APT::Install-Recommends "true";',
    'Acquire::IndexTargets::deb::Packages::flatDescription "$(RELEASE) Packages";',
  ].join('\n');
  expect(transportOptions(dump)).toEqual([
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::Check-Valid-Until "false";',
  ]);
});

describe('a host whose apt trusts whoever answers', () => {
  it.each([
    'Acquire::https::Verify-Peer "false";',
    'Acquire::https::Verify-Host "0";',
    'Acquire::https::mirror.example.org::Verify-Peer "no";',
    'acquire::HTTPS::verify-peer "Off";',
    'Acquire::AllowInsecureRepositories "true";',
    'Acquire::AllowWeakRepositories "1";',
    'Acquire::AllowDowngradeToInsecureRepositories "yes";',
    'APT::Get::AllowUnauthenticated "true";',
  ])('builds no images: %s', (line) => {
    expect(() => refuseInsecure(`Acquire::Retries "3";\n${line}\n`)).toThrow(
      expect.objectContaining({ code: 'insecure-apt', message: expect.stringContaining(line) as string }),
    );
  });

  it('is not one whose settings are as they are by default', () => {
    refuseInsecure(
      'Acquire::AllowInsecureRepositories "0";\nAcquire::https "";\nAcquire::https::Verify-Peer "true";\n' +
        'Acquire::https::Verify-Host "";\nAcquire::Check-Valid-Until "false";\n',
    );
  });
});
