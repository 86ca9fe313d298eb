// Where containers see the volumes of their Pod.
import type { Container, VolumeMount } from 'kubernetes-types/core/v1.d.ts';
import type { Findings } from './findings.js';
import { checkDescending } from './paths.js';
import type { Volumes } from './volumes.js';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

export function checkMounts(findings: Findings, path: string, container: Container, volumes: Volumes): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mounts = `${path}.volumeMounts`;
  const taken = new Set<string>();
  findings.each(mounts, volumeMounts, (mount, at) => {
    const { name, mountPath } = mount;
    findings.present(`${at}.name`, name);
    if (!volumes.has(name)) findings.notFound(`${at}.name`, name);
    findings.present(`${at}.mountPath`, mountPath);
    if (taken.has(mountPath)) findings.invalid(`${at}.mountPath`, mountPath, 'must be unique');
    taken.add(mountPath);
    if (volumeDevices.some((device) => device.name === name))
      findings.invalid(`${at}.name`, name, 'must not already exist in volumeDevices');
    if (volumeDevices.some(({ devicePath }) => devicePath === mountPath))
      findings.invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices');
    checkWays(findings, mounts, at, mount, container.securityContext?.privileged ?? false);
  });
  checkDevices(findings, `${path}.volumeDevices`, container, volumes);
}

/** Findings about how something is mounted are placed at the list, as a real server does. */
function checkWays(findings: Findings, list: string, at: string, mount: VolumeMount, privileged: boolean): void {
  const { subPath = '', subPathExpr = '', mountPropagation, recursiveReadOnly, readOnly } = mount;
  if (subPath !== '') checkDescending(findings, `${list}.subPath`, subPath);
  if (subPathExpr !== '') {
    if (subPath !== '')
      findings.invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    checkDescending(findings, `${list}.subPathExpr`, subPathExpr);
  }
  if (mountPropagation !== undefined) {
    findings.oneOf(`${list}.mountPropagation`, mountPropagation, PROPAGATIONS);
    if (mountPropagation === 'Bidirectional' && !privileged) {
      const problem = 'Bidirectional mount propagation is available only to privileged containers';
      findings.forbidden(`${list}.mountPropagation`, problem);
    }
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const recursive = `${list}.recursiveReadOnly`;
  if (!RECURSIVE.includes(recursiveReadOnly)) {
    findings.notSupported(recursive, recursiveReadOnly, RECURSIVE);
    return;
  }
  if (!readOnly) findings.forbidden(recursive, 'may only be specified when readOnly is true');
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    findings.forbidden(recursive, 'may only be specified when mountPropagation is None or not specified');
}

function checkDevices(
  findings: Findings,
  path: string,
  { volumeMounts = [], volumeDevices }: Container,
  volumes: Volumes,
): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  findings.each(path, volumeDevices, ({ name, devicePath }, at) => {
    const volume = volumes.get(name);
    findings.present(`${at}.name`, name);
    if (names.has(name)) findings.invalid(`${at}.name`, name, 'must be unique');
    if (!volume) findings.notFound(`${at}.name`, name);
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      const problem = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      findings.invalid(`${at}.name`, name, problem);
    }
    findings.present(`${at}.devicePath`, devicePath);
    if (paths.has(devicePath)) findings.invalid(`${at}.devicePath`, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..'))
      findings.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (volumeMounts.some((mount) => mount.name === name))
      findings.invalid(`${at}.name`, name, 'must not already exist in volumeMounts');
    if (volumeMounts.some(({ mountPath }) => mountPath === devicePath))
      findings.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    if (name !== '') names.add(name);
  });
}
