// Fields that came to the API after the package of its types did, and what they are made of.
import { ref, type Schema } from './schema.js';

const core = 'io.k8s.api.core.v1';

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const list = (items: Schema): Schema => ({ type: 'array', items });
const struct = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: [...required],
});

/** By definition: of those that are there the additional fields, others in whole. */
const newer: Readonly<Record<string, Schema>> = {
  [`${core}.Volume`]: struct({ image: ref(`${core}.ImageVolumeSource`) }),
  [`${core}.ImageVolumeSource`]: struct({ reference: text, pullPolicy: text }),
  [`${core}.VolumeProjection`]: struct({ podCertificate: ref(`${core}.PodCertificateProjection`) }),
  [`${core}.PodCertificateProjection`]: struct(
    {
      signerName: text,
      keyType: text,
      maxExpirationSeconds: { type: 'integer' },
      credentialBundlePath: text,
      keyPath: text,
      certificateChainPath: text,
      userAnnotations: { type: 'object', additionalProperties: text },
    },
    ['signerName', 'keyType'],
  ),
  [`${core}.EnvVarSource`]: struct({ fileKeyRef: ref(`${core}.FileKeySelector`) }),
  [`${core}.FileKeySelector`]: struct({ volumeName: text, path: text, key: text, optional: flag }, [
    'volumeName',
    'path',
    'key',
  ]),
  [`${core}.Container`]: struct({ restartPolicyRules: list(ref(`${core}.ContainerRestartRule`)) }),
  [`${core}.EphemeralContainer`]: struct({ restartPolicyRules: list(ref(`${core}.ContainerRestartRule`)) }),
  [`${core}.ContainerRestartRule`]: struct({
    action: text,
    exitCodes: ref(`${core}.ContainerRestartRuleOnExitCodes`),
  }),
  [`${core}.ContainerRestartRuleOnExitCodes`]: struct({
    operator: text,
    values: { ...list({ type: 'integer' }), 'x-kubernetes-list-type': 'set' },
  }),
  [`${core}.Lifecycle`]: struct({ stopSignal: text }),
  [`${core}.ResourceClaim`]: struct({ request: text }),
  [`${core}.PodResourceClaim`]: struct({ resourceClaimName: text, resourceClaimTemplateName: text }),
  [`${core}.PodSchedulingGroup`]: struct({ podGroupName: text }),
  [`${core}.PodSecurityContext`]: struct({ supplementalGroupsPolicy: text, seLinuxChangePolicy: text }),
  [`${core}.PodSpec`]: struct({
    hostnameOverride: text,
    resources: ref(`${core}.ResourceRequirements`),
    schedulingGroup: ref(`${core}.PodSchedulingGroup`),
  }),
  'io.k8s.api.discovery.v1.EndpointHints': struct({ forNodes: list(ref('io.k8s.api.discovery.v1.ForNode')) }),
  'io.k8s.api.discovery.v1.ForNode': struct({ name: text }, ['name']),
  'io.k8s.api.coordination.v1.LeaseSpec': struct({ strategy: text, preferredHolder: text }),
};

/** What was there only before there were others. */
const gone: Readonly<Record<string, readonly string[]>> = { [`${core}.PodResourceClaim`]: ['source'] };

/** Adds what is newer than they are to the definitions of a package, in place. */
export function addNewerFields(packageName: string, definitions: Map<string, Schema>): void {
  for (const [name, addition] of Object.entries(newer)) {
    if (name.slice(0, name.lastIndexOf('.')) !== packageName) continue;
    const known = definitions.get(name);
    if (known) known.properties = { ...known.properties, ...addition.properties };
    else definitions.set(name, addition);
    for (const field of gone[name] ?? []) delete known?.properties?.[field];
  }
}

export interface ImageVolumeSource {
  reference?: string;
  pullPolicy?: string;
}

export interface FileKeySelector {
  volumeName: string;
  path: string;
  key: string;
  optional?: boolean;
}

export interface ContainerRestartRule {
  action?: string;
  exitCodes?: { operator?: string; values?: number[] };
}

declare module 'kubernetes-types/core/v1.d.ts' {
  interface Volume {
    image?: ImageVolumeSource;
  }
  interface VolumeProjection {
    podCertificate?: object;
  }
  interface EnvVarSource {
    fileKeyRef?: FileKeySelector;
  }
  interface Container {
    restartPolicyRules?: ContainerRestartRule[];
  }
  interface EphemeralContainer {
    restartPolicyRules?: ContainerRestartRule[];
  }
  interface Lifecycle {
    stopSignal?: string;
  }
  interface PodResourceClaim {
    resourceClaimName?: string;
    resourceClaimTemplateName?: string;
  }
  interface ResourceClaim {
    request?: string;
  }
  interface PodSecurityContext {
    supplementalGroupsPolicy?: string;
    seLinuxChangePolicy?: string;
  }
  interface PodSpec {
    hostnameOverride?: string;
    resources?: ResourceRequirements;
    schedulingGroup?: object;
  }
}

declare module 'kubernetes-types/discovery/v1.d.ts' {
  interface EndpointHints {
    forNodes?: { name: string }[];
  }
}

declare module 'kubernetes-types/coordination/v1.d.ts' {
  interface LeaseSpec {
    strategy?: string;
    preferredHolder?: string;
  }
}
