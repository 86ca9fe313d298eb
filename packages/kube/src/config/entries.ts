// The clusters and users of a kubeconfig; field names are the file's.

export interface Cluster {
  server: string;
  'certificate-authority'?: string;
  /** Base64, as all `-data`. Wins over the file. */
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
  'disable-compression'?: boolean;
  extensions?: { name: string; extension?: unknown }[] | null;
}

export interface ExecPlugin {
  apiVersion?: string;
  command?: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  /** What to tell who does not have the command. */
  installHint?: string;
  /** Tell the command of the cluster. */
  provideClusterInfo?: boolean;
  interactiveMode?: string;
}

export interface User {
  token?: string;
  /** Wins over the token. */
  tokenFile?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[] | null;
  'as-user-extra'?: Record<string, string[]> | null;
  exec?: ExecPlugin | null;
  'auth-provider'?: { name?: string; config?: Record<string, unknown> | null } | null;
}
