import { describe, expect, it } from 'vitest';
import { pushHints } from './images.js';

const hint = (said: string) => pushHints(said, 'registry.example.org:5000').join('\n');

describe('a push that fails says what helps', () => {
  it('where the registry has no TLS, which podman wants', () => {
    const said = hint('pinging container registry: http: server gave HTTP response to HTTPS client');
    expect(said).toContain('registries.conf.d/registry.example.org-5000.conf');
    expect(said).toContain('insecure = true');
    expect(said).not.toContain('podman login');
  });

  it.each([
    ['its authority is not known', 'tls: failed to verify certificate: x509: signed by unknown authority', 'certs.d'],
    [
      'it wants a name',
      'writing blob: unauthorized: authentication required',
      'podman login registry.example.org:5000',
    ],
    ['it wants another name', 'requested access to the resource is denied', 'podman login registry.example.org:5000'],
    ['nobody answers', 'dial tcp 192.0.2.1:5000: connect: connection refused', 'images save'],
  ])('where %s', (_what, said, helps) => {
    expect(hint(said)).toContain(helps);
  });
});
