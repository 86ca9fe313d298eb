// What the object says of its Pods, whatever runs in them: applied to all of them, those of Jobs included.
import type { WorkloadSpec } from '@stackwright/api';
import type { PodSpec } from '@stackwright/graph';

type PodFields = Pick<WorkloadSpec, 'imagePullSecrets' | 'podMetadata'>;

interface Given {
  labels: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  pod: PodSpec;
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

/** Ours win: selectors and the engine go by them. */
export function podTemplate(spec: PodFields, { labels, annotations, pod }: Given): PodTemplate {
  const { imagePullSecrets = [], podMetadata = {} } = spec;
  const notes = { ...podMetadata.annotations, ...annotations };
  return {
    metadata: {
      labels: { ...podMetadata.labels, ...labels },
      ...(Object.keys(notes).length > 0 ? { annotations: notes } : {}),
    },
    spec:
      imagePullSecrets.length > 0 ? { ...pod, imagePullSecrets: imagePullSecrets.map(({ name }) => ({ name })) } : pod,
  };
}
