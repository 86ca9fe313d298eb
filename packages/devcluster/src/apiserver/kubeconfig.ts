import { stringify } from 'yaml';

export interface KubeconfigOptions {
  server: string;
  /** PEM; absent for plain HTTP. */
  certificateAuthority?: string;
  token: string;
  user?: string;
  namespace?: string;
  /** Name of the cluster and the context. Default "stackwright". */
  name?: string;
}

/** A kubeconfig as text. It holds a secret: files need mode 0600. */
export function kubeconfig(options: KubeconfigOptions): string {
  const { name = 'stackwright', user = 'admin' } = options;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: options.server,
          ...(options.certificateAuthority === undefined
            ? {}
            : { 'certificate-authority-data': Buffer.from(options.certificateAuthority).toString('base64') }),
        },
      },
    ],
    users: [{ name: user, user: { token: options.token } }],
    contexts: [
      {
        name,
        context: { cluster: name, user, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) },
      },
    ],
    'current-context': name,
  });
}
