// pods/log: the API server knows no logs; the node that runs the Pod does.
import type { Pod } from '@stackwright/kube';
import type { SubresourceHandler } from '../dispatch.js';
import { field, invalid, methodNotAllowed, type FieldError } from '../errors.js';
import { flag, integer } from '../http/parameters.js';
import { stringAt } from '../json.js';
import { load } from '../verbs/get.js';
import { containerOf, podOnNode, type FindNode } from './node-proxy.js';

export function logs(find: FindNode): SubresourceHandler {
  return async (context, request) => {
    if (request.verb !== 'get') throw methodNotAllowed();
    const { query = new URLSearchParams() } = request;
    const numbers = {
      tailLines: integer(query, 'tailLines'),
      limitBytes: integer(query, 'limitBytes'),
      sinceSeconds: integer(query, 'sinceSeconds'),
    };
    const sinceTime = query.get('sinceTime') ?? undefined;
    const errors = validate({ ...numbers, sinceTime });
    if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, request.name ?? '', errors);
    const container = containerOf(load(context, request) as Pod, query.get('container') ?? '');
    // Nothing of it ran yet.
    if (!stringAt(load(context, request), 'spec', 'nodeName')) return { kind: 'nothing' };
    const { pod, node } = podOnNode(context, request, find);
    const body = await node.logs(pod, {
      container,
      follow: flag(query, 'follow') ?? false,
      previous: flag(query, 'previous') ?? false,
      timestamps: flag(query, 'timestamps') ?? false,
      ...defined({ ...numbers, sinceTime }),
      signal: request.signal ?? new AbortController().signal,
    });
    return { kind: 'text', body };
  };
}

interface Limits {
  tailLines: number | undefined;
  limitBytes: number | undefined;
  sinceSeconds: number | undefined;
  sinceTime: string | undefined;
}

function validate({ tailLines, limitBytes, sinceSeconds, sinceTime }: Limits): FieldError[] {
  const errors: FieldError[] = [];
  const atLeast = (name: string, value: number | undefined, minimum: number): void => {
    if (value !== undefined && value < minimum)
      errors.push(field.invalid(name, value, `must be greater than or equal to ${minimum}`));
  };
  atLeast('tailLines', tailLines, 0);
  atLeast('limitBytes', limitBytes, 1);
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    errors.push(field.forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else atLeast('sinceSeconds', sinceSeconds, 1);
  if (sinceTime !== undefined && Number.isNaN(Date.parse(sinceTime)))
    errors.push(field.invalid('sinceTime', sinceTime, 'must be a time of RFC 3339'));
  return errors;
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
