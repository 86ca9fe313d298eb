// The level "restricted": what one is advised to do, besides what "baseline" asks.
import type { Container, Volume } from 'kubernetes-types/core/v1.d.ts';
import { procMount, seccomp } from './baseline.js';
import { notOnWindows, unlessOwnUsers, type Check, type Rule } from './check.js';
import { containersOf, counted, named, namesOf, quoted, setters, sorted } from './words.js';

const escalation: Rule = ({ spec }) => {
  const bad = namesOf(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${named('container', bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const capabilities: Rule = ({ spec }) => {
  const addedBy = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((each) => each !== 'NET_BIND_SERVICE');
  const keeping = namesOf(spec, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const adding = namesOf(spec, (container) => addedBy(container).length > 0);
  const added = sorted(containersOf(spec).flatMap(addedBy));
  const details = [
    ...(keeping.length > 0
      ? [`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [`${named('container', adding)} must not include ${quoted(added)} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const GOOD_VOLUMES: readonly (keyof Volume)[] = [
  ...(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral'] as const),
  ...(['persistentVolumeClaim', 'projected', 'secret'] as const),
];
/** Newer than the types. */
const IMAGE = 'image';

const volumes: Rule = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(
    (volume) => !GOOD_VOLUMES.some((type) => volume[type] !== undefined) && !(IMAGE in volume),
  );
  if (bad.length === 0) return undefined;
  const names = bad.map(({ name }) => name);
  const types = sorted(bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'));
  const uses = counted('uses', names, 'use');
  return {
    reason: 'restricted volume types',
    detail: `${named('volume', names)} ${uses} ${named('restricted volume type', types)}`,
  };
};

/**
 * Of a field that may be set for the Pod or for each container: who sets it badly, or else which containers lack it.
 */
const nonRoot: Rule = ({ spec }) => {
  const ofPod = spec.securityContext?.runAsNonRoot;
  const ofContainer = ({ securityContext }: Container): boolean | undefined => securityContext?.runAsNonRoot;
  const reason = 'runAsNonRoot != true';
  const bad = namesOf(spec, (container) => ofContainer(container) === false);
  if (ofPod === false || bad.length > 0) {
    const who = setters(ofPod === false, bad);
    return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  }
  const lacking = ofPod === true ? [] : namesOf(spec, (container) => ofContainer(container) === undefined);
  if (lacking.length === 0) return undefined;
  return { reason, detail: `pod or ${named('container', lacking)} must set securityContext.runAsNonRoot=true` };
};

const rootUser: Rule = ({ spec }) => {
  const isPod = spec.securityContext?.runAsUser === 0;
  const bad = namesOf(spec, ({ securityContext }) => securityContext?.runAsUser === 0);
  if (!isPod && bad.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters(isPod, bad)} must not set runAsUser=0` };
};

const seccompSet: Rule = (template) => {
  const bad = seccomp(template);
  const { spec } = template;
  if (bad || spec.securityContext?.seccompProfile) return bad;
  const lacking = namesOf(spec, ({ securityContext }) => !securityContext?.seccompProfile);
  if (lacking.length === 0) return undefined;
  const types = '"RuntimeDefault" or "Localhost"';
  return {
    reason: 'seccompProfile',
    detail: `pod or ${named('container', lacking)} must set securityContext.seccompProfile.type to ${types}`,
  };
};

const restrictedCheck = (id: string, instead: string | undefined, ...versions: Check['versions']): Check => ({
  id,
  level: 'restricted',
  versions,
  ...(instead === undefined ? {} : { instead }),
});

/** In the order in which they are told. */
export const restricted: readonly Check[] = [
  restrictedCheck('allowPrivilegeEscalation', undefined, [8, escalation], [25, notOnWindows(escalation)]),
  restrictedCheck(
    'capabilities_restricted',
    'capabilities_baseline',
    [22, capabilities],
    [25, notOnWindows(capabilities)],
  ),
  restrictedCheck('procMount_restricted', 'procMount', [35, procMount]),
  restrictedCheck('restrictedVolumes', 'hostPathVolumes', [0, volumes]),
  restrictedCheck('runAsNonRoot', undefined, [0, nonRoot], [35, unlessOwnUsers(nonRoot)]),
  restrictedCheck('runAsUser', undefined, [23, rootUser], [35, unlessOwnUsers(rootUser)]),
  restrictedCheck(
    'seccompProfile_restricted',
    'seccompProfile_baseline',
    [19, seccompSet],
    [25, notOnWindows(seccompSet)],
  ),
];
