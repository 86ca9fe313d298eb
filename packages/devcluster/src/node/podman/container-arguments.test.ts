import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../runtime.js';
import { containerArguments, type Surroundings } from './container-arguments.js';

const spec: ContainerSpec = {
  podUid: 'uid-1',
  namespace: 'openstack',
  podName: 'keystone-1',
  name: 'api',
  attempt: 2,
  image: 'localhost/stackwright/keystone:2025.1',
  env: [],
  mounts: [],
  ports: [],
  supplementalGroups: [],
  readOnlyRootFilesystem: false,
  privileged: false,
  allowPrivilegeEscalation: true,
  capabilities: { add: [], drop: [] },
  tty: false,
};
const around: Surroundings = {
  clusterId: 'dev',
  host: { baseArguments: ['--ulimit=nofile=1:1'], limits: true },
  hostname: 'keystone-1',
  networkNamespace: '/run/netns/x',
  files: [{ hostPath: '/state/hosts', containerPath: '/etc/hosts' }],
  logPath: '/logs/2.log',
  imageUser: '64110:64110',
};

/** The options, and what comes after them: the image and the command's arguments. */
function run(changes: Partial<ContainerSpec>, surroundings: Partial<Surroundings> = {}) {
  const { args, env } = containerArguments({ ...spec, ...changes }, { ...around, ...surroundings });
  const image = args.indexOf(spec.image);
  return { options: args.slice(0, image), command: args.slice(image + 1), env };
}

describe("a container's arguments", () => {
  it('say whose it is, so that it is found again and removed with its cluster', () => {
    const { options } = run({});
    expect(options).toEqual(
      expect.arrayContaining([
        '--name=sw_dev_openstack_keystone-1_api_uid-1_2',
        '--label=dev.stackwright.devcluster=dev',
        '--label=dev.stackwright.pod-uid=uid-1',
        '--label=dev.stackwright.container=api',
        '--label=dev.stackwright.attempt=2',
        '--pull=never',
        '--ulimit=nofile=1:1',
      ]),
    );
  });

  it("never show the environment's values", () => {
    const { options, env } = run({ env: [{ name: 'DB_PASSWORD', value: 'very\nsecret' }] });
    expect(options).toContain('--env=DB_PASSWORD');
    expect(env).toEqual({ DB_PASSWORD: 'very\nsecret' });
    expect(options.join(' ')).not.toContain('secret');
  });

  it("keep what podman itself would read out of podman's environment", () => {
    const names = [
      'PATH',
      'HOME',
      'LD_PRELOAD',
      'CONTAINERS_CONF',
      'https_proxy',
      'NOTIFY_SOCKET',
      'GODEBUG',
      'XDG_RUNTIME_DIR',
    ];
    const { options, env } = run({ env: names.map((name) => ({ name, value: 'v' })) });
    expect(env).toEqual({});
    expect(options).toEqual(expect.arrayContaining(names.map((name) => `--env=${name}=v`)));
  });

  it('replace the entry point by the command, and leave it when there are only arguments', () => {
    expect(run({ command: ['sh', '-c'], args: ['exit "1"'] })).toMatchObject({
      options: expect.arrayContaining(['--entrypoint=["sh","-c"]']) as string[],
      command: ['exit "1"'],
    });
    const only = run({ args: ['-v'] });
    expect(only.command).toEqual(['-v']);
    expect(only.options.join(' ')).not.toContain('--entrypoint');
  });

  it('carry the security context', () => {
    const { options } = run({
      user: 64110,
      group: 64111,
      supplementalGroups: [5000],
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    });
    expect(options).toEqual(
      expect.arrayContaining([
        '--user=64110:64111',
        '--group-add=5000',
        '--read-only',
        '--read-only-tmpfs=false',
        '--security-opt=no-new-privileges',
        '--cap-drop=all',
        '--cap-add=NET_BIND_SERVICE',
      ]),
    );
    expect(run({ privileged: true, allowPrivilegeEscalation: false }).options).not.toContain(
      '--security-opt=no-new-privileges',
    );
  });

  it("keep the image's user when only a group is given", () => {
    expect(run({ group: 7 }).options).toContain('--user=64110:7');
    expect(run({ group: 7 }, { imageUser: '' }).options).toContain('--user=0:7');
    expect(run({}).options.some((option) => option.startsWith('--user'))).toBe(false);
  });

  it('limit memory without swap and CPU, where the host can', () => {
    const limited = { memoryLimitBytes: 1000, cpuLimit: 0.5 };
    expect(run(limited).options).toEqual(
      expect.arrayContaining(['--memory=1000b', '--memory-swap=1000b', '--cpus=0.5']),
    );
    const without = run(limited, { host: { baseArguments: [], limits: false } });
    expect(without.options.some((option) => /--(memory|cpus)/.test(option))).toBe(false);
  });

  it("mount volumes and the Pod's files", () => {
    const { options } = run({ mounts: [{ hostPath: '/v', containerPath: '/data', readOnly: true }] });
    expect(options).toEqual(expect.arrayContaining(['--volume=/state/hosts:/etc/hosts', '--volume=/v:/data:ro']));
  });

  it('share the processes of another container', () => {
    expect(run({}, { pidNamespace: '/proc/7/ns/pid' }).options).toContain('--pid=ns:/proc/7/ns/pid');
    expect(run({ stdin: true, tty: true }).options).toEqual(expect.arrayContaining(['--interactive', '--tty']));
    expect(run({}).options.some((option) => /--(pid|interactive|tty)/.test(option))).toBe(false);
  });

  it("leave the host's network as it is", () => {
    const { options } = run({}, { networkNamespace: undefined });
    expect(options).toContain('--network=host');
    expect(options.some((option) => option.startsWith('--hostname'))).toBe(false);
  });
});
