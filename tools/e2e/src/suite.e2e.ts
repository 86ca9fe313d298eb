// The story of one control plane on real containers, in the order of its chapters.
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Cluster, run } from './cluster.js';
import { badInput } from './scenarios/bad-input.js';
import { configuration } from './scenarios/configuration.js';
import { deletion } from './scenarios/deletion.js';
import { images } from './scenarios/images.js';
import { kills } from './scenarios/kills.js';
import { lookedAfter } from './scenarios/looked-after.js';
import { losses } from './scenarios/losses.js';
import { rotation } from './scenarios/rotation.js';
import { serviceKills } from './scenarios/service-kills.js';
import { servers } from './scenarios/servers.js';
import { services } from './scenarios/services.js';
import { serving } from './scenarios/serving.js';
import { standUp } from './scenarios/stand-up.js';
import { steadyState } from './scenarios/steady-state.js';
import { trouble } from './scenarios/trouble.js';

const cluster = new Cluster();

afterAll(async () => {
  cluster.close();
  await cluster.stackwright('down', '--purge');
});

describe('stand-up', () => standUp(cluster));
describe('images', () => images(cluster));
describe('services', () => services(cluster));
describe('serving', () => serving(cluster));
describe('servers', () => servers(cluster));
describe('steady state', () => steadyState(cluster));
describe('bad input', () => badInput(cluster));
describe('configuration', () => configuration(cluster));
describe('rotation', () => rotation(cluster));
describe('kills under requests', () => serviceKills(cluster));
describe('kills', () => kills(cluster));
describe('trouble', () => trouble(cluster));
describe('what runs', () => lookedAfter(cluster));
describe('losses', () => losses(cluster));
describe('deletion', () => deletion(cluster));
describe('the end', () => {
  it('down --purge leaves nothing behind', async () => {
    const { code, stderr } = await cluster.stackwright('down', '--purge');
    expect(code, stderr).toBe(0);
    expect(existsSync(cluster.stateDir)).toBe(false);
    const { stdout } = await run('podman', ['ps', '--all', '--format', '{{.Labels}}']);
    expect(stdout).not.toContain(cluster.stateDir);
  });
});
