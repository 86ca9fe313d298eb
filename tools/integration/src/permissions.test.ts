import { ControlPlane } from '@stackwright/api';
import { manifestsFor, modules } from '@stackwright/cli';
import type { PolicyRule } from '@stackwright/core';
import type { AuditEvent } from '@stackwright/devcluster';
import type { ClusterRole, KubeObject, Role, RoleBinding } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const manifests = manifestsFor(modules, { namespace, imagePrefix: 'localhost/stackwright', version: 'test' });

/** All that a controller's ServiceAccount may do, by the manifests. */
function rulesOf(controller: string): PolicyRule[] {
  const bound = manifests
    .filter((object): object is RoleBinding => object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding')
    .filter(({ subjects }) => subjects?.some(({ name }) => name === controller))
    .map(({ roleRef }) => `${roleRef.kind}/${roleRef.name}`);
  return manifests
    .filter((object: KubeObject): object is Role | ClusterRole =>
      bound.includes(`${object.kind ?? ''}/${object.metadata?.name ?? ''}`),
    )
    .flatMap(({ rules }) => rules ?? []) as PolicyRule[];
}

const allows = (
  rules: readonly PolicyRule[],
  { group = '', resource = '', subresource, name, verb }: AuditEvent,
): boolean =>
  rules.some(
    (rule) =>
      rule.apiGroups.includes(group) &&
      rule.resources.includes(subresource === undefined ? resource : `${resource}/${subresource}`) &&
      rule.verbs.includes(verb) &&
      (rule.resourceNames === undefined || rule.resourceNames.includes(name ?? '')),
  );

describe('the Roles of the manifests', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const { client } = world;
    const plane = { namespace, name: 'openstack' };
    await client.create(ControlPlane, controlPlane({ deletionPolicy: 'Delete' }));
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    await client.delete(ControlPlane, plane);
    await eventually(async () => {
      expect((await client.listAll(ControlPlane, { namespace })).items).toEqual([]);
    }, 60_000);
  });
  afterAll(() => world.stop());

  it.each(modules.map(({ name }) => `${name}-controller`))(
    'allow all that the %s does in the life of a control plane',
    (controller) => {
      const rules = rulesOf(controller);
      const refused = world.audit
        .filter(({ userAgent, resource }) => userAgent.startsWith(controller) && resource !== undefined)
        .filter((event) => !allows(rules, event))
        .map(
          ({ verb, group, resource, subresource }) =>
            `${verb} ${resource ?? ''}${subresource ? `/${subresource}` : ''}.${group ?? ''}`,
        );
      expect([...new Set(refused)]).toEqual([]);
    },
  );
});
