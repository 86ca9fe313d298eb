// What samples are made of.

export interface Sample {
  /** What it is called where differences are told. */
  title: string;
  /** Of its collection; `*` stands for the namespace of the run. */
  path: string;
  object: Readonly<Record<string, unknown>>;
}

export const labels = { app: 'web', 'example.com/tier': 'front' };
export const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }],
};
export const metadata = (name: string, more: object = {}): object => ({
  name,
  labels,
  annotations: { 'example.com/note': 'any text' },
  ...more,
});

export const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  storageClassName: 'slow',
  volumeMode: 'Filesystem',
};

export const sample = (title: string, apiVersion: string, kind: string, plural: string, object: object): Sample => {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return {
    title,
    path: plural.startsWith('/') ? `${root}${plural}` : `${root}/namespaces/*/${plural}`,
    object: { apiVersion, kind, ...object },
  };
};
