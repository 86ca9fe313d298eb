import { describe, expect, it } from 'vitest';
import { keyOf, type ImageDefinition } from './definition.js';
import { runGraph, select } from './graph.js';

const image = (name: string, on?: string, tag = '1'): ImageDefinition => ({
  name,
  tag,
  description: '',
  from: on === undefined ? { suite: 'trixie' } : { image: on },
  packages: [],
  megabytes: 1,
});
const all = [
  image('base'),
  image('child', 'base:1'),
  image('leaf', 'child:1'),
  image('leaf', 'child:1', '2'),
  image('other', 'base:1'),
];

describe('select', () => {
  it('adds what an image stands on, parents first', () => {
    expect(select(all, ['leaf:2']).map(keyOf)).toEqual(['base:1', 'child:1', 'leaf:2']);
  });

  it('takes every tag of a name, and everything without names', () => {
    expect(select(all, ['leaf']).map(keyOf)).toEqual(['base:1', 'child:1', 'leaf:1', 'leaf:2']);
    expect(select(all)).toEqual(all);
  });

  it('names the images there are when asked for another', () => {
    expect(() => select(all, ['nova'])).toThrow(/no image nova.*base:1, child:1/);
  });
});

describe('runGraph', () => {
  /** Records the order of starts and lets the test end each piece of work. */
  function harness() {
    const started: string[] = [];
    const ends = new Map<string, (error?: Error) => void>();
    const work = (item: string): Promise<void> =>
      new Promise((resolve, reject) => {
        started.push(item);
        ends.set(item, (error) => (error === undefined ? resolve() : reject(error)));
      });
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    };
    const end = async (item: string, error?: Error): Promise<void> => {
      ends.get(item)?.(error);
      await settle();
    };
    return { started, work, end };
  }
  const needs = (item: string): string | undefined => ({ b: 'a', c: 'b', d: 'a' })[item];

  it('starts an item when what it needs is done, within the limit', async () => {
    const { started, work, end } = harness();
    const result = runGraph(['a', 'b', 'c', 'd', 'e'], needs, 2, work);
    expect(started).toEqual(['a', 'e']);
    await end('a');
    expect(started).toEqual(['a', 'e', 'b']);
    await end('e');
    expect(started).toEqual(['a', 'e', 'b', 'd']);
    await end('b');
    await end('d');
    await end('c');
    await result;
  });

  it('starts nothing more after a failure, waits for what runs, and reports the failure', async () => {
    const { started, work, end } = harness();
    const result = runGraph(['a', 'e', 'f'], needs, 2, work);
    let settled = false;
    result.catch(() => undefined).finally(() => (settled = true));
    await end('a', new Error('broken'));
    expect(started).toEqual(['a', 'e']);
    expect(settled).toBe(false);
    await end('e');
    await expect(result).rejects.toThrow('broken');
  });
});
