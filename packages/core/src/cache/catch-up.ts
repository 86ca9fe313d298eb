// Whether a copy shows all that the server has by now, whatever its watch tells or keeps to itself: a connection that died
// without a word looks like one on which nothing happens.
import {
  compareResourceVersions,
  isNotFound,
  metadataOf,
  qualifiedName,
  type Client,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { settlesWithin, sleep, unlessAborted } from '../seams/wait.js';
import { Backoff, reflectorBackoff } from './backoff.js';
import { Position } from './position.js';
import { StateList, type ListedState } from './state-list.js';
import type { Selection } from './watcher.js';

/** What an object is known by, and which of its states is meant. */
export interface Version {
  uid: string;
  resourceVersion: string;
}

/** A copy of a part of a resource that is kept by a watch. */
export interface WatchedCopy {
  readonly options: Selection;
  /** Everything up to this version is in it. */
  readonly resourceVersion: string;
  readonly synced: boolean;
  /** Resolves after the next change of any of these, or of an object in it. */
  changed(): Promise<void>;
  /** Begins the watch anew, on another connection, from where it is. */
  renew(): void;
}

export interface CatchUpOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Logger;
  resource: Resource;
  copy: WatchedCopy;
  /** What is in the copy. */
  versions: () => Iterable<Version>;
}

/** Milliseconds that a watch has to tell what a list has told, until it is begun anew. Between two API servers it is mostly less. */
const patience = 1_000;
/** The same for every later one: a server may be behind the one that made the list. */
const laterPatience = 5_000;

/**
 * Resolves when the copy shows what the server has now, or when it has no copy any more. One list of metadata is asked
 * for, which the server must not answer from an old state of its own. Rejects with the signal's reason alone.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, resource, copy, versions } = options;
  const state = await readNewest(options, signal);
  if (!state) return;
  const isBehind = difference(copy, versions, state);
  for (let wait = patience; isBehind(); wait = laterPatience) {
    const end = clock.monotonic() + wait;
    const left = () => end - clock.monotonic();
    while (isBehind() && left() > 0) await unlessAborted(settlesWithin(clock, left(), copy.changed()), signal);
    if (!isBehind()) return;
    log.warn(
      { resource: qualifiedName(resource), watchedNamespace: copy.options.namespace },
      'A watch does not tell what a list shows, it is begun anew',
    );
    copy.renew();
  }
}

/** Undefined: there is no copy any more, which whoever reads it is told. */
async function readNewest(
  { client, clock, random, log, resource, copy }: CatchUpOptions,
  signal: AbortSignal,
): Promise<ListedState<KubeObject> | undefined> {
  const backoff = new Backoff(clock, random, reflectorBackoff);
  const position = new Position();
  position.lost();
  const list = new StateList({
    client,
    resource: metadataOf(resource),
    selection: copy.options,
    position,
    transform: versionOf,
  });
  while (copy.synced) {
    try {
      return await list.read(signal);
    } catch (error) {
      signal.throwIfAborted();
      const fields = { resource: qualifiedName(resource), watchedNamespace: copy.options.namespace, err: error };
      if (!isNotFound(error))
        log.warn(fields, 'Whether the copy is up to date cannot be seen, trying again with back-off');
      await sleep(clock, backoff.next(), signal);
    }
  }
  return undefined;
}

/** Whether something that is in the state does not show in the copy: an object, a change of one, or that one is gone. */
function difference(
  copy: WatchedCopy,
  versions: () => Iterable<Version>,
  { objects, resourceVersion }: ListedState<KubeObject>,
): () => boolean {
  const listed = new Set<string>();
  let newest = '';
  for (const { metadata: { uid = '', resourceVersion: version = '' } = {} } of objects) {
    listed.add(uid);
    if (newest === '' || compareResourceVersions(version, newest) > 0) newest = version;
  }
  const isGone = ({ uid, resourceVersion: version }: Version) =>
    !listed.has(uid) && compareResourceVersions(version, resourceVersion) <= 0;
  let gone = [...versions()].filter(isGone).map(({ uid }) => uid);
  return () => {
    if (!copy.synced) return false;
    if (newest !== '' && compareResourceVersions(copy.resourceVersion, newest) < 0) return true;
    if (gone.length === 0) return false;
    const present = new Set([...versions()].map(({ uid }) => uid));
    gone = gone.filter((uid) => present.has(uid));
    return gone.length > 0;
  };
}

/** Of a list nothing else is kept. */
function versionOf({ metadata: { uid, resourceVersion } = {} }: KubeObject): KubeObject {
  return {
    metadata: { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  };
}
