// Baseline (b), the floor: node:https with one keep-alive agent and nothing else. It lists and watches the four kinds, keeps
// of each object only what its own comparison needs, and makes the same calls as the others.
//
// It is no controller to run: no reconnect, no relist, no bookmarks, no time-outs, no retry of a call, no credentials that
// change, no logs, no metrics but two counts, no leader election. What a library adds is what it costs above this.
import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { KubeObject, ObjectMeta } from '@stackwright/kube';
import { serveState } from './shared/endpoint.js';
import { reportImportTime } from './shared/import-time.js';
import { KeyQueue } from './shared/key-queue.js';
import {
  apiVersion,
  childrenOf,
  concurrency,
  fieldManager,
  isAsWanted,
  kind,
  newStatusOf,
  plural,
  type PlainWidget,
} from './shared/widget.js';

reportImportTime();

interface Server {
  url: string;
  ca?: string;
  token: string;
}
const server = JSON.parse(readFileSync(process.env['BENCH_SERVER'] ?? '', 'utf8')) as Server;
const { hostname, port } = new URL(server.url);
const namespace = process.env['WATCH_NAMESPACE'] ?? 'default';
const agent = new Agent({ keepAlive: true, scheduling: 'lifo', ...(server.ca === undefined ? {} : { ca: server.ca }) });

function send(method: string, path: string, contentType?: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${server.token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
    };
    httpsRequest({ agent, hostname, port, method, path, headers }, resolve).once('error', reject).end(body);
  });
}

/** The body of the answer is not looked at. */
async function write(path: string, contentType: string, body: object): Promise<void> {
  const response = await send('PATCH', path, contentType, JSON.stringify(body));
  if (response.statusCode === undefined || response.statusCode >= 300) {
    throw new Error(`${path}: ${response.statusCode}: ${await text(response)}`);
  }
  await new Promise((resolve, reject) => response.resume().once('end', resolve).once('error', reject));
}

async function text(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let whole = '';
  for await (const part of response) whole += part as string;
  return whole;
}

interface Page {
  metadata: { resourceVersion: string; continue?: string };
  items: KubeObject[];
}

/** Lists by pages, then watches; every object goes to `seen`, with `gone` once it is deleted. */
async function follow(collection: string, seen: (object: KubeObject, gone: boolean) => void): Promise<void> {
  let version = '';
  let next: string | undefined = '';
  do {
    const more: string = next ? `&continue=${encodeURIComponent(next)}` : '';
    const page = JSON.parse(await text(await send('GET', `${collection}?limit=500${more}`))) as Page;
    for (const item of page.items) seen(item, false);
    version = page.metadata.resourceVersion;
    next = page.metadata.continue;
  } while (next);
  const stream = await send('GET', `${collection}?watch=true&resourceVersion=${version}`);
  stream.setEncoding('utf8');
  let rest = '';
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
      if (type === 'ERROR') throw new Error(`${collection}: ${line}`);
      seen(object, type === 'DELETED');
    }
  });
}

const widgets = new Map<string, PlainWidget>();
const children = {
  configmaps: new Map<string, KubeObject>(),
  services: new Map<string, KubeObject>(),
  deployments: new Map<string, KubeObject>(),
};
const widgetPath = `/apis/${apiVersion}/namespaces/${namespace}/${plural}`;
const childPaths = {
  configmaps: `/api/v1/namespaces/${namespace}/configmaps`,
  services: `/api/v1/namespaces/${namespace}/services`,
  deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
};

function seenWidget(object: KubeObject, gone: boolean): void {
  const widget = object as PlainWidget;
  const { name = '', uid = '', generation = 0 } = widget.metadata ?? {};
  const before = widgets.get(name);
  if (gone) widgets.delete(name);
  else {
    const kept: ObjectMeta = { name, namespace, uid, generation };
    widgets.set(name, {
      metadata: kept,
      spec: widget.spec,
      ...(widget.status ? { status: widget.status } : {}),
    });
  }
  if (gone || before?.metadata?.generation !== generation) queue.add(name);
}

/** Keeps what is compared: labels, owners, data and spec. */
function seenChild(store: Map<string, KubeObject>, object: KubeObject, gone: boolean): void {
  const { metadata, data, spec } = object as KubeObject & { data?: unknown; spec?: unknown };
  const { name = '', labels, ownerReferences } = metadata ?? {};
  const owner = ownerReferences?.find((one) => one.controller && one.kind === kind)?.name;
  if (owner === undefined) return;
  if (gone) store.delete(name);
  else {
    const kept = {
      metadata: { name, namespace, labels, ownerReferences },
      data,
      spec,
    } as KubeObject;
    store.set(name, kept);
  }
  queue.add(owner);
}

async function reconcile(name: string): Promise<void> {
  const widget = widgets.get(name);
  if (!widget) return;
  const wanted = childrenOf(widget);
  // What it wrote is so from then on: otherwise the next run, before the watch has told, would write it again.
  const ensure = async (kind: keyof typeof children, child: KubeObject): Promise<void> => {
    if (isAsWanted(children[kind].get(name), child)) return;
    const path = `${childPaths[kind]}/${name}?fieldManager=${fieldManager}&force=true`;
    await write(path, 'application/apply-patch+yaml', child);
    children[kind].set(name, child);
  };
  await Promise.all([
    ensure('configmaps', wanted.configMap),
    ensure('services', wanted.service),
    ensure('deployments', wanted.deployment),
  ]);
  const status = newStatusOf(widget, () => new Date());
  if (!status) return;
  const path = `${widgetPath}/${name}/status?fieldManager=${fieldManager}`;
  await write(path, 'application/merge-patch+json', { status });
  widget.status = status;
}

let synced = false;
const queue = new KeyQueue(reconcile, concurrency);
serveState(queue, () => synced);
await Promise.all([
  follow(widgetPath, seenWidget),
  ...(Object.keys(children) as (keyof typeof children)[]).map((kind) =>
    follow(childPaths[kind], (object, gone) => seenChild(children[kind], object, gone)),
  ),
]);
synced = true;
queue.start();
