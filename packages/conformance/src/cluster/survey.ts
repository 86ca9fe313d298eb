// What the cluster is, and what it can do: asked once, before the tests.
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import {
  defineResource,
  isNotFound,
  Namespace,
  Node,
  Pod,
  ServiceAccount,
  type Client,
  type KubeObject,
} from '@stackwright/kube';
import { RUN_LABEL, type Need, type Target } from '../target.js';

export interface Version {
  gitVersion: string;
  minor: number;
  devcluster: boolean;
}

export async function versionOf(client: Client): Promise<Version> {
  const { gitVersion, minor } = JSON.parse(await client.raw('GET', '/version')) as Record<
    'gitVersion' | 'minor',
    string
  >;
  return { gitVersion, minor: Number.parseInt(minor, 10), devcluster: gitVersion.endsWith('-stackwright') };
}

/** The image for the tests where the user names none. */
export async function imageFor(client: Client, devcluster: boolean, name?: string): Promise<Target['image']> {
  // Where any image exists and whatever has a port serves on it, nothing needs to be said.
  if (devcluster && (await simulated(client))) return { name: name ?? 'localhost/conformance/server:1', serve: [] };
  return {
    name: name ?? (devcluster ? 'localhost/stackwright/base:trixie' : 'registry.k8s.io/e2e-test-images/agnhost:2.47'),
    serve: devcluster ? ['perl', '-e', PERL_SERVER] : ['/agnhost', 'netexec', '--http-port=8080'],
  };
}

/** What can be had in any Debian image. It says `ok`. */
const PERL_SERVER = [
  'use IO::Socket::INET; $| = 1; $SIG{TERM} = sub { exit 0 };',
  'my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1) or die $!; print "serving\\n";',
  'while (1) { my $client = $server->accept or next;',
  'while (my $line = <$client>) { last if $line =~ /^\\r?\\n$/ }',
  'print $client "HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\nConnection: close\\r\\n\\r\\nok\\n"; close $client; }',
].join(' ');

/** Milliseconds for the account of a new namespace, and for the first Pod, whose image may have to be pulled. */
const accountPatience = 15_000;
const podPatience = 180_000;

/** Why what is missing is missing. Makes a namespace of the run, and leaves it to the sweep. */
export async function survey(
  client: Client,
  { run, image, devcluster }: Pick<Target, 'run' | 'image' | 'devcluster'>,
): Promise<Target['missing']> {
  const missing: Partial<Record<Need, string>> = {};
  if (!kubectlIsThere()) missing.kubectl = 'kubectl is not on the PATH';
  if (!(await mayEverything(client))) {
    missing.rights = 'the user of the kubeconfig may not do everything on the cluster, which the suite needs';
    return missing;
  }
  const namespace = `${run}-survey`;
  await client.create(Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { [RUN_LABEL]: run } },
  });
  if (!(await accountAppears(client, namespace))) {
    missing.controllers =
      missing.node =
      missing.containers =
        'no controllers run: a new namespace was given no ServiceAccount';
    return missing;
  }
  const trouble = await podTrouble(client, namespace, image);
  if (trouble !== undefined) missing.node = missing.containers = trouble;
  else if (devcluster && (await simulated(client)))
    missing.containers = 'the node only pretends to run containers (--node podman runs them)';
  return missing;
}

function kubectlIsThere(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Review extends KubeObject {
  spec: object;
  status?: { allowed: boolean };
}
const SelfSubjectAccessReview = defineResource<Review>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
});

async function mayEverything(client: Client): Promise<boolean> {
  const { status } = await client.create(SelfSubjectAccessReview, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec: { resourceAttributes: { verb: '*', group: '*', resource: '*' } },
  });
  return status?.allowed === true;
}

async function accountAppears(client: Client, namespace: string): Promise<boolean> {
  for (const deadline = Date.now() + accountPatience; Date.now() < deadline; await pause(100)) {
    try {
      await client.get(ServiceAccount, { namespace, name: 'default' });
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return false;
}

/** Runs what the tests run; undefined when it got ready. */
async function podTrouble(client: Client, namespace: string, image: Target['image']): Promise<string | undefined> {
  const nodes = (await client.listAll(Node)).items;
  const open = nodes.filter(
    ({ spec, status }) =>
      !spec?.unschedulable &&
      !spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') &&
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  if (open.length === 0) return 'no node is ready and takes Pods';
  const key = { namespace, name: 'survey' };
  await client.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: key,
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'main',
          image: image.name,
          ...(image.serve.length > 0 ? { command: [...image.serve] } : {}),
          ports: [{ containerPort: 8080 }],
        },
      ],
    },
  });
  let last = 'nothing was said about it';
  for (const deadline = Date.now() + podPatience; Date.now() < deadline; await pause(200)) {
    const { status } = await client.get(Pod, key);
    if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return undefined;
    const { waiting, terminated } = status?.containerStatuses?.[0]?.state ?? {};
    last = waiting?.message ?? waiting?.reason ?? terminated?.reason ?? status?.conditions?.[0]?.message ?? last;
  }
  return `a Pod with the image ${image.name} did not get ready within ${podPatience / 1000} s: ${last}`;
}

async function simulated(client: Client): Promise<boolean> {
  const { items } = await client.listAll(Node);
  return items.every(({ status }) => status?.nodeInfo?.osImage === 'simulated');
}
