// A certificate authority for tests of TLS, made anew each time.
import 'reflect-metadata'; // Wanted by @peculiar/x509.
import { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface KeyPair {
  cert: string;
  key: string;
}

export interface Authority {
  /** PEM. */
  ca: string;
  /** For a server: its names are DNS names or IP addresses. */
  issue(commonName: string, names?: readonly string[]): Promise<KeyPair>;
}

export async function makeAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const root = await X509CertificateGenerator.createSelfSigned({
    ...times,
    name: 'CN=test-ca',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true)],
  });
  return {
    ca: root.toString('pem'),
    issue: async (commonName, names = []) => {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const cert = await X509CertificateGenerator.create({
        ...times,
        subject: `CN=${commonName}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions:
          names.length === 0
            ? []
            : [
                new SubjectAlternativeNameExtension(
                  names.map((name) => ({ type: /^[0-9.]+$/.test(name) ? 'ip' : 'dns', value: name })),
                ),
              ],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
      return { cert: cert.toString('pem'), key };
    },
  };
}
