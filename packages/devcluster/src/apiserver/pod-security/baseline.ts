// The level "baseline": nothing by which one comes from a Pod to its host.
import type { Container, LifecycleHandler, SELinuxOptions } from 'kubernetes-types/core/v1.d.ts';
import { APPARMOR } from '../validation/pod-annotations.js';
import { type Check, type Rule, type Template, unlessOwnUsers } from './check.js';
import { containersOf, counted, named, namesOf, quoted, setters, sorted } from './words.js';

const appArmor: Rule = ({ metadata, spec }) => {
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const ofPod = spec.securityContext?.appArmorProfile?.type;
  const typeOf = ({ securityContext }: Container): string | undefined => securityContext?.appArmorProfile?.type;
  const containers = containersOf(spec).filter((container) => isBad(typeOf(container)));
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APPARMOR) && !/^($|runtime\/default$|localhost\/)/.test(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const types = [...(isBad(ofPod) ? [ofPod ?? ''] : []), ...containers.map((each) => typeOf(each) ?? '')];
  const values = [...sorted(types), ...annotations];
  if (values.length === 0) return undefined;
  const who = [
    setters(
      isBad(ofPod),
      containers.map(({ name }) => name),
    ),
    annotations.length > 0 ? counted('annotation', annotations) : '',
  ].filter((each) => each !== '');
  return {
    reason: counted('forbidden AppArmor profile', values),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

const USUAL_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

const capabilities: Rule = ({ spec }) => {
  const unusual = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((each) => !USUAL_CAPABILITIES.has(each));
  const bad = namesOf(spec, (container) => unusual(container).length > 0);
  if (bad.length === 0) return undefined;
  const added = sorted(containersOf(spec).flatMap(unusual));
  return {
    reason: 'non-default capabilities',
    detail: `${named('container', bad)} must not include ${quoted(added)} in securityContext.capabilities.add`,
  };
};

const hostNamespaces: Rule = ({ spec }) => {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  if (set.length === 0) return undefined;
  return { reason: 'host namespaces', detail: set.map((name) => `${name}=true`).join(', ') };
};

const hostPaths: Rule = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return bad.length === 0 ? undefined : { reason: 'hostPath volumes', detail: named('volume', bad) };
};

const hostPorts: Rule = ({ spec }) => {
  const portsOf = ({ ports }: Container): string[] =>
    (ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [`${hostPort}`]));
  const bad = namesOf(spec, (container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(containersOf(spec).flatMap(portsOf));
  const detail = `${named('container', bad)} ${counted('uses', bad, 'use')} ${counted('hostPort', ports)} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
};

const otherHosts: Rule = ({ spec }) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] => {
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    return handlers.flatMap((handler: LifecycleHandler | undefined) =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => (host ? [host] : [])),
    );
  };
  const bad = sorted(namesOf(spec, (container) => hostsOf(container).length > 0));
  if (bad.length === 0) return undefined;
  const what = 'probe or lifecycle host';
  const hosts = sorted(containersOf(spec).flatMap(hostsOf));
  return { reason: what, detail: `${named('container', bad)} ${counted('uses', bad, 'use')} ${named(what, hosts)}` };
};

const privileged: Rule = ({ spec }) => {
  const bad = namesOf(spec, ({ securityContext }) => securityContext?.privileged === true);
  if (bad.length === 0) return undefined;
  return {
    reason: 'privileged',
    detail: `${named('container', bad)} must not set securityContext.privileged=true`,
  };
};

export const procMount: Rule = ({ spec }) => {
  const openOf = ({ securityContext }: Container): string[] =>
    (securityContext?.procMount ?? 'Default') === 'Default' ? [] : [securityContext?.procMount ?? ''];
  const bad = namesOf(spec, (container) => openOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const values = sorted(containersOf(spec).flatMap(openOf));
  return {
    reason: 'procMount',
    detail: `${named('container', bad)} must not set securityContext.procMount to ${quoted(values)}`,
  };
};

const seLinux =
  (types: readonly string[]): Rule =>
  ({ spec }) => {
    const isBad = (options: SELinuxOptions | undefined): options is SELinuxOptions =>
      options !== undefined && (!types.includes(options.type ?? '') || Boolean(options.user) || Boolean(options.role));
    const ofPod = spec.securityContext?.seLinuxOptions;
    const bad = namesOf(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions));
    const given = [ofPod, ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions)];
    const faulty = given.filter(isBad);
    if (faulty.length === 0) return undefined;
    const strange = sorted(faulty.map(({ type = '' }) => type).filter((type) => !types.includes(type)));
    const problems = [
      ...(strange.length > 0 ? [named('type', strange)] : []),
      ...(faulty.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(faulty.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    const who = setters(isBad(ofPod), bad);
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${problems.join('; ')}`,
    };
  };

const SE_LINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';

/** From before there was a field for it. */
const seccompAnnotations: Rule = ({ metadata, spec }) => {
  const annotations = metadata.annotations ?? {};
  const keys = [
    SECCOMP,
    ...containersOf(spec).map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  const bad = sorted(
    keys.flatMap((key) => {
      const value = annotations[key];
      const isGood = value === undefined || /^(runtime\/default$|docker\/default$|localhost\/)/.test(value);
      return isGood ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${counted('annotation', bad)} ${bad.join(', ')}` };
};

const PROFILES = ['RuntimeDefault', 'Localhost'];

/** Where a profile is set that is none; that one is not set at all is for "restricted" to mind. */
export const seccomp: Rule = ({ spec }: Template) => {
  const isBad = (type: string | undefined): type is string => type !== undefined && !PROFILES.includes(type);
  const ofPod = spec.securityContext?.seccompProfile?.type;
  const typeOf = ({ securityContext }: Container): string | undefined => securityContext?.seccompProfile?.type;
  const values = sorted([ofPod, ...containersOf(spec).map(typeOf)].filter(isBad));
  if (values.length === 0) return undefined;
  const who = setters(
    isBad(ofPod),
    namesOf(spec, (container) => isBad(typeOf(container))),
  );
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  };
};

const sysctls =
  (allowed: readonly string[]): Rule =>
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.includes(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };

const ipv4 = (...names: string[]): string[] => names.map((name) => `net.ipv4.${name}`);
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  ...ipv4('ip_local_port_range', 'tcp_syncookies', 'ping_group_range', 'ip_unprivileged_port_start'),
];
const SYSCTLS_27 = [...SYSCTLS, ...ipv4('ip_local_reserved_ports')];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  ...ipv4('tcp_keepalive_time', 'tcp_fin_timeout', 'tcp_keepalive_intvl', 'tcp_keepalive_probes'),
];
const SYSCTLS_32 = [...SYSCTLS_29, ...ipv4('tcp_rmem', 'tcp_wmem')];

const hostProcesses: Rule = ({ spec }) => {
  const isPod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = namesOf(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  if (!isPod && bad.length === 0) return undefined;
  const who = setters(isPod, bad);
  return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` };
};

const baselineCheck = (id: string, ...versions: Check['versions']): Check => ({ id, level: 'baseline', versions });

/** In the order in which they are told. */
export const baseline: readonly Check[] = [
  baselineCheck('appArmorProfile', [0, appArmor]),
  baselineCheck('capabilities_baseline', [0, capabilities]),
  baselineCheck('hostNamespaces', [0, hostNamespaces]),
  baselineCheck('hostPathVolumes', [0, hostPaths]),
  baselineCheck('hostPorts', [0, hostPorts]),
  baselineCheck('hostProbesAndHostLifecycle', [34, otherHosts]),
  baselineCheck('privileged', [0, privileged]),
  baselineCheck('procMount', [0, procMount], [35, unlessOwnUsers(procMount)]),
  baselineCheck(
    'seLinuxOptions',
    [0, seLinux(SE_LINUX_TYPES)],
    [31, seLinux([...SE_LINUX_TYPES, 'container_engine_t'])],
  ),
  baselineCheck('seccompProfile_baseline', [0, seccompAnnotations], [19, seccomp]),
  baselineCheck(
    'sysctls',
    [0, sysctls(SYSCTLS)],
    [27, sysctls(SYSCTLS_27)],
    [29, sysctls(SYSCTLS_29)],
    [32, sysctls(SYSCTLS_32)],
  ),
  baselineCheck('windowsHostProcess', [0, hostProcesses]),
];
