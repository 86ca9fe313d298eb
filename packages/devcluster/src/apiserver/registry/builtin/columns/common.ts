// Columns that many kinds share.
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import { selectorText } from '../../../subresources/scale.js';
import { age } from '../../../table.js';
import type { Column } from '../../resource.js';

type Value<T> = (object: T, now: number) => string | number | boolean | undefined;

/** A column of a kind whose objects are Ts: nothing else is stored under it. */
export function column<T>(
  name: string,
  value: Value<T>,
  options: { type?: Column['type']; wide?: boolean; format?: string } = {},
): Column {
  return {
    name,
    type: options.type ?? 'string',
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.wide ? { priority: 1 } : {}),
    value: value as Column['value'],
  };
}

export const NAME: Column = { name: 'Name', type: 'string', format: 'name', value: ({ metadata }) => metadata.name };

export const AGE: Column = {
  name: 'Age',
  type: 'string',
  value: ({ metadata }, now) => age(metadata.creationTimestamp, now),
};

export const NONE = '<none>';

export const text = (value: string | undefined): string => (value === undefined || value === '' ? NONE : value);

/** Names and images of the containers, and the selector: what workloads show with `-o wide`. */
export function templateColumns<
  T extends { spec?: { template?: PodTemplateSpec; selector?: LabelSelector } },
>(): Column[] {
  return [
    column<T>('Containers', ({ spec }) => (spec?.template?.spec?.containers ?? []).map(({ name }) => name).join(','), {
      wide: true,
    }),
    column<T>(
      'Images',
      ({ spec }) => (spec?.template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(','),
      { wide: true },
    ),
    column<T>('Selector', ({ spec }) => text(selectorText(spec?.selector)), { wide: true }),
  ];
}

export const number: { type: 'integer' } = { type: 'integer' };
