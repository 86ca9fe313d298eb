// A client that learns what Secrets hold, so that no text shows what was read or written through it.
import {
  ForwardingClient,
  type ForwardedCall,
  type ForwardedOptions,
  type KubeList,
  type KubeObject,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '@stackwright/kube';
import { isSecret, learnSecretsOf } from './scrub.js';

export class LearningClient extends ForwardingClient {
  protected around<T, Options extends ForwardedOptions>(
    call: ForwardedCall,
    options: Options | undefined,
    go: (options: Options | undefined) => Promise<T>,
  ): Promise<T> {
    return 'resource' in call && isSecret(call.resource) ? this.#learning(call, options, go) : go(options);
  }

  async #learning<T, Options extends ForwardedOptions>(
    call: ForwardedCall,
    options: Options | undefined,
    go: (options: Options | undefined) => Promise<T>,
  ): Promise<T> {
    // Before it is sent: it may be in the words of a refusal.
    learnSent(call);
    const answer = await go(options);
    learnAnswer(call, answer);
    return answer;
  }

  override watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return isSecret(resource) ? this.#watchLearning(resource, options) : super.watch(resource, options);
  }

  async *#watchLearning<T extends KubeObject>(
    resource: Resource<T>,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    for await (const event of this.inner.watch(resource, options)) {
      if (event.type !== 'BOOKMARK') learnSecretsOf(resource, event.object);
      yield event;
    }
  }
}

function learnSent(call: ForwardedCall): void {
  if (call.verb === 'patch') {
    const { body, type } = call.sent;
    learnSecretsOf(call.resource, type === 'json' ? written(body) : body);
  } else if ('sent' in call) learnSecretsOf(call.resource, call.sent);
}

/** Calls for objects are answered with them, lists with a list of them; what is raw is not known. */
function learnAnswer(call: ForwardedCall, answer: unknown): void {
  if (call.verb === 'raw' || call.verb === 'delete') return;
  const objects = call.verb === 'list' ? (answer as KubeList<KubeObject>).items : [answer as KubeObject];
  for (const object of objects) learnSecretsOf(call.resource, object);
}

/** What the operations of a JSON patch put into an object's maps: "/data/password" and "/data" alike. */
function written(operations: readonly object[]): KubeObject {
  const maps: Record<string, Record<string, unknown>> = {};
  for (const { path, value } of operations as readonly { path?: string; value?: unknown }[]) {
    const [, map = '', key] = path?.split('/') ?? [];
    if (key !== undefined) maps[map] = { ...maps[map], [key]: value };
    else if (typeof value === 'object') maps[map] = { ...maps[map], ...value };
  }
  return maps;
}
