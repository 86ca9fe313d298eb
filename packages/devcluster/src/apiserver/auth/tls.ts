// The cluster's own certificate authority and the server's certificate, kept in the state directory.
import { createPrivateKey, createPublicKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

export interface ServingCertificate {
  /** PEM, all three. */
  authority: string;
  certificate: string;
  key: string;
}

export interface CertificateOptions {
  /** Absent: made anew and kept nowhere. */
  directory?: string;
  /** DNS names and IP addresses besides 127.0.0.1, localhost and kubernetes.default.svc. */
  names?: readonly string[];
}

const DAY = 24 * 60 * 60 * 1000;
const STANDARD_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
];

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function servingCertificate(options: CertificateOptions): Promise<ServingCertificate> {
  const names = [...new Set([...STANDARD_NAMES, ...(options.names ?? [])])];
  const saved = options.directory === undefined ? undefined : read(options.directory);
  if (saved && stillGood(saved.certificate, names)) return saved;
  const made = await make(
    names,
    saved && options.directory !== undefined ? readAuthority(options.directory) : undefined,
  );
  if (options.directory !== undefined) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files(made))) {
      writeFileSync(join(options.directory, name), content, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
    }
  }
  return made;
}

interface Authority {
  certificate: string;
  key: string;
}

interface Made extends ServingCertificate {
  authorityKey: string;
}

const files = (made: Made): Record<string, string> => ({
  'ca.crt': made.authority,
  'ca.key': made.authorityKey,
  'server.crt': made.certificate,
  'server.key': made.key,
});

function read(directory: string): ServingCertificate | undefined {
  const at = (name: string): string => join(directory, name);
  if (!['ca.crt', 'ca.key', 'server.crt', 'server.key'].every((name) => existsSync(at(name)))) return undefined;
  return {
    authority: readFileSync(at('ca.crt'), 'utf8'),
    certificate: readFileSync(at('server.crt'), 'utf8'),
    key: readFileSync(at('server.key'), 'utf8'),
  };
}

const readAuthority = (directory: string): Authority => ({
  certificate: readFileSync(join(directory, 'ca.crt'), 'utf8'),
  key: readFileSync(join(directory, 'ca.key'), 'utf8'),
});

function stillGood(pem: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pem);
  if (Date.parse(certificate.validTo) < Date.now() + 30 * DAY) return false;
  return names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined);
}

async function make(names: readonly string[], old: Authority | undefined): Promise<Made> {
  // Loaded only where certificates are made: it is slow to load, and most tests need none. It needs the polyfill.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const validity = (days: number) => ({
    notBefore: new Date(Date.now() - 60 * 60 * 1000),
    notAfter: new Date(Date.now() + days * DAY),
  });
  const serialNumber = (): string => randomBytes(8).toString('hex');

  const generate = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const authorityKeys = old ? await importKeys(old.key) : await generate();
  const authority = old
    ? new x509.X509Certificate(old.certificate)
    : await x509.X509CertificateGenerator.createSelfSigned({
        name: 'CN=stackwright-devcluster-ca',
        serialNumber: serialNumber(),
        ...validity(3650),
        signingAlgorithm: ALGORITHM,
        keys: authorityKeys,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
            true,
          ),
          await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
        ],
      });

  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=kube-apiserver',
    issuer: authority.subject,
    serialNumber: serialNumber(),
    ...validity(825),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name }))),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return {
    authority: `${authority.toString('pem')}\n`,
    authorityKey: await exportKey(authorityKeys.privateKey),
    certificate: `${certificate.toString('pem')}\n`,
    key: await exportKey(keys.privateKey),
  };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return {
    privateKey: await webcrypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ format: 'der', type: 'pkcs8' }),
      ALGORITHM,
      true,
      ['sign'],
    ),
    publicKey: await webcrypto.subtle.importKey(
      'spki',
      publicKey.export({ format: 'der', type: 'spki' }),
      ALGORITHM,
      true,
      ['verify'],
    ),
  };
}
