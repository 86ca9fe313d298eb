// Objects as a file would make them: the API server says what would come of it, and changes nothing (dryRun=All).
import { readFile } from 'node:fs/promises';
import { changedFields, type ClusterSnapshot, type ObjectReference, type PlannedField } from '@stackwright/graph';
import type { Client, KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import { parseAllDocuments } from 'yaml';
import { CliError } from '../errors.js';
import { groupOf, referenceOf } from '../observe/objects.js';

/** An object as it would be. */
export interface Edit {
  resource: Resource;
  key: ObjectKey;
  object: ObjectReference;
  /** It does not exist yet. */
  isNew: boolean;
  fields: readonly PlannedField[];
}

export interface EditOptions {
  client: Client;
  snapshot: ClusterSnapshot;
  /** The kinds that can be planned. */
  resources: readonly Resource[];
  /** Of objects that name none. */
  namespace: string;
  signal: AbortSignal;
}

/** Reads the objects of a YAML or JSON file ("-": of stdin) and puts them into the snapshot as they would be. */
export async function applyFile(file: string, options: EditOptions): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const object of await objectsIn(file)) edits.push(await edit(object, options));
  if (edits.length === 0) throw new CliError(`There is no object in ${file}.`);
  return edits;
}

/** The spec is replaced as a whole, labels and annotations are added: what `kubectl edit` would make of it. */
async function edit(wanted: KubeObject & { spec?: object }, options: EditOptions): Promise<Edit> {
  const { client, snapshot, resources, signal } = options;
  const resource = resources.find(({ kind, group }) => kind === wanted.kind && group === groupOf(wanted.apiVersion));
  if (!resource) {
    throw new CliError(`A ${wanted.kind ?? 'nameless object'} cannot be planned: no controller here reconciles it.`, {
      hints: [`What can be: ${[...new Set(resources.map(({ kind }) => kind))].join(', ')}`],
    });
  }
  const { name = '', namespace = options.namespace, labels, annotations } = wanted.metadata ?? {};
  const key = resource.namespaced ? { namespace, name } : { name };
  const live = snapshot.get(resource, key);
  const metadata = live
    ? {
        ...live.metadata,
        labels: { ...live.metadata?.labels, ...labels },
        annotations: { ...live.metadata?.annotations, ...annotations },
      }
    : { ...wanted.metadata, ...key };
  const call = { dryRun: true, signal, fieldManager: 'stackwright-cli' };
  const after = live
    ? await client.update<KubeObject>(resource, { ...live, ...wanted, metadata }, call)
    : await client.create<KubeObject>(resource, { ...wanted, metadata }, call);
  snapshot.put(resource, after);
  return {
    resource,
    key,
    object: referenceOf({ ...after, apiVersion: wanted.apiVersion ?? '', kind: resource.kind }),
    isNew: !live,
    fields: live ? changedFields(resource, live, after) : [],
  };
}

async function objectsIn(file: string): Promise<KubeObject[]> {
  const text = file === '-' ? await textOf(process.stdin) : await read(file);
  const documents = parseAllDocuments(text);
  if ('empty' in documents) return [];
  return documents.flatMap((document): KubeObject[] => {
    const [error] = document.errors;
    if (error) throw new CliError(`${file} is not YAML: ${error.message}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object' || Array.isArray(value))
      throw new CliError(`${file} holds something else than objects.`);
    return [value];
  });
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
