import type { ReadDeclaration } from '@stackwright/graph';
import type { KubeObject, Resource } from '@stackwright/kube';

interface Claim extends KubeObject {
  spec: { provider: string };
}

/** For `reads` of a provider's step that looks at what claims have of it. */
export function claimsOfProvider<T extends Claim>(resource: Resource<T>): ReadDeclaration {
  return {
    resource,
    map({ metadata, ...claim }) {
      const { provider } = (claim as { spec?: { provider?: string } }).spec ?? {};
      return provider === undefined
        ? []
        : [{ ...(metadata?.namespace ? { namespace: metadata.namespace } : {}), name: provider }];
    },
  };
}
