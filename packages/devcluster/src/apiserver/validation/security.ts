// Who containers run as, and what they may do.
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
  WindowsSecurityContextOptions,
} from 'kubernetes-types/core/v1.d.ts';
import { shown, type Findings } from './findings.js';
import { checkDescending } from './paths.js';

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

export function checkPodSecurity(findings: Findings, path: string, spec: PodSpec): void {
  const context = spec.securityContext;
  if (!context) return;
  const { fsGroup, fsGroupChangePolicy, runAsUser, runAsGroup, supplementalGroups, sysctls } = context;
  findings.unixId(`${path}.fsGroup`, fsGroup);
  findings.unixId(`${path}.runAsUser`, runAsUser);
  findings.unixId(`${path}.runAsGroup`, runAsGroup);
  findings.each(`${path}.supplementalGroups`, supplementalGroups, (group, at) => findings.unixId(at, group));
  if (spec.shareProcessNamespace && spec.hostPID) {
    const problem = 'ShareProcessNamespace and HostPID cannot both be enabled';
    findings.invalid(`${path}.shareProcessNamespace`, true, problem);
  }
  checkSysctls(findings, `${path}.sysctls`, sysctls ?? [], spec);
  if (fsGroupChangePolicy !== undefined)
    findings.oneOf(`${path}.fsGroupChangePolicy`, fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  checkGroupPolicies(findings, path, context);
  checkProfiles(findings, path, context);
}

const SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = `^(${SEGMENT}[\\./])*${SEGMENT}$`;
const sysctlName = new RegExp(SYSCTL);

function checkSysctls(findings: Findings, path: string, sysctls: readonly Sysctl[], spec: PodSpec): void {
  const taken = new Set<string>();
  findings.each(path, sysctls, ({ name }, at) => {
    if (!findings.present(`${at}.name`, name)) return;
    if (name.length > 253 || !sysctlName.test(name))
      findings.invalid(`${at}.name`, name, `must have at most 253 characters and match regex ${SYSCTL}`);
    else if (taken.has(name)) findings.duplicate(`${at}.name`, name);
    taken.add(name);
    const plain = name.replaceAll('/', '.');
    if (spec.hostNetwork && plain.startsWith('net.'))
      findings.invalid(`${at}.name`, name, "may not be specified when 'hostNetwork' is true");
    if (spec.hostIPC && /^(kernel\.(sem$|msg|shm)|fs\.mqueue\.)/.test(plain))
      findings.invalid(`${at}.name`, name, "may not be specified when 'hostIPC' is true");
  });
}

export function checkContainerSecurity(
  findings: Findings,
  path: string,
  context: SecurityContext | undefined,
  hostUsers: boolean,
): void {
  if (!context) return;
  const { privileged, runAsUser, runAsGroup, procMount, allowPrivilegeEscalation, capabilities } = context;
  findings.unixId(`${path}.runAsUser`, runAsUser);
  findings.unixId(`${path}.runAsGroup`, runAsGroup);
  if (procMount !== undefined) {
    findings.oneOf(`${path}.procMount`, procMount, ['Default', 'Unmasked']);
    if (hostUsers && procMount === 'Unmasked')
      findings.invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  if (allowPrivilegeEscalation === false) {
    const refuse = (what: string): void =>
      findings.invalid(path, inGo(context), `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
    if (privileged) refuse('`privileged` to true');
    for (const name of capabilities?.add ?? [])
      if (name === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
  }
  checkProfiles(findings, path, context);
}

function inGo(context: SecurityContext): Record<string, unknown> {
  const { capabilities, seccompProfile, appArmorProfile, seLinuxOptions, windowsOptions } = context;
  return shown({
    Capabilities: capabilities && shown({ Add: capabilities.add, Drop: capabilities.drop }),
    Privileged: context.privileged,
    SELinuxOptions: seLinuxOptions,
    WindowsOptions: windowsOptions,
    RunAsUser: context.runAsUser,
    RunAsGroup: context.runAsGroup,
    RunAsNonRoot: context.runAsNonRoot,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation,
    ProcMount: context.procMount,
    SeccompProfile: seccompProfile && profileInGo(seccompProfile),
    AppArmorProfile: appArmorProfile && profileInGo(appArmorProfile),
  });
}

const profileInGo = ({ type, localhostProfile }: SeccompProfile): Record<string, unknown> =>
  shown({ Type: type, LocalhostProfile: localhostProfile });

const GROUP_POLICIES = ['Merge', 'Strict'];
/** Mounting with the label is a feature that is off until it is asked for. */
const LABEL_POLICIES = ['Recursive'];

function checkGroupPolicies(findings: Findings, path: string, context: PodSecurityContext): void {
  const { supplementalGroupsPolicy, seLinuxChangePolicy } = context;
  if (supplementalGroupsPolicy !== undefined)
    findings.oneOf(`${path}.supplementalGroupsPolicy`, supplementalGroupsPolicy, GROUP_POLICIES);
  if (seLinuxChangePolicy !== undefined)
    findings.oneOf(`${path}.seLinuxChangePolicy`, seLinuxChangePolicy, LABEL_POLICIES);
}

function checkProfiles(findings: Findings, path: string, context: PodSecurityContext | SecurityContext): void {
  const { seccompProfile, appArmorProfile, windowsOptions } = context;
  if (seccompProfile) checkSeccomp(findings, `${path}.seccompProfile`, seccompProfile);
  if (windowsOptions) checkWindowsOptions(findings, `${path}.windowsOptions`, windowsOptions);
  if (appArmorProfile) checkAppArmor(findings, `${path}.appArmorProfile`, appArmorProfile);
}

function checkSeccomp(findings: Findings, path: string, profile: SeccompProfile): void {
  const { type, localhostProfile } = profile;
  if (type === '') findings.required(`${path}.type`, 'type is required when seccompProfile is set');
  else findings.oneOf(`${path}.type`, type, PROFILES);
  const at = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      findings.invalid(at, profileInGo(profile), 'can only be set when seccomp type is Localhost');
  } else if (localhostProfile === undefined) findings.required(at, 'must be set when seccomp type is Localhost');
  else checkDescending(findings, at, localhostProfile);
}

const LONGEST_PATH = 4095;

function checkAppArmor(findings: Findings, path: string, { type, localhostProfile }: AppArmorProfile): void {
  const at = `${path}.localhostProfile`;
  if (type === '') findings.required(`${path}.type`, 'type is required when appArmorProfile is set');
  else if (!PROFILES.includes(type)) findings.notSupported(`${path}.type`, type, PROFILES);
  else if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      findings.invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost');
  } else if (localhostProfile === undefined || localhostProfile === '') {
    findings.required(at, 'must be set when AppArmor type is Localhost');
  } else {
    if (localhostProfile.trim() !== localhostProfile)
      findings.invalid(at, localhostProfile, 'must not be padded with whitespace');
    if (localhostProfile.length > LONGEST_PATH) findings.tooLong(at, LONGEST_PATH);
  }
}

function checkWindowsOptions(findings: Findings, path: string, options: WindowsSecurityContextOptions): void {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined)
    findings.name(`${path}.gmsaCredentialSpecName`, 'subdomain', gmsaCredentialSpecName);
  if (gmsaCredentialSpec === '')
    findings.invalid(`${path}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string');
  if (runAsUserName === '') findings.invalid(`${path}.runAsUserName`, '', 'runAsUserName cannot be an empty string');
}

/** Containers that are processes of a Windows host: all of a Pod, or none, and on the host's network. */
export function checkHostProcesses(findings: Findings, path: string, spec: PodSpec): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let others = false;
  let any = false;
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    findings.each(`${path}.${list}`, spec[list], ({ securityContext }, at) => {
      const own = securityContext?.windowsOptions?.hostProcess;
      if (ofPod !== undefined && own !== undefined && ofPod !== own) {
        const problem = `pod hostProcess value must be identical if both are specified, was ${String(ofPod)}`;
        findings.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, problem);
      }
      if (own ?? ofPod) any = true;
      else others = true;
    });
  }
  if (!any) return;
  const all = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
  if (others) findings.invalid(path, '', all);
  if (!spec.hostNetwork) {
    const problem = 'hostNetwork must be true if pod contains any hostProcess containers';
    findings.invalid(`${path}.hostNetwork`, false, problem);
  }
}
