import { describe, expect, it } from 'vitest';
import { readOptions, UsageError, workloads, variants, type Options } from './options.js';

const options = (...args: string[]): Options => readOptions(args, {}) as Options;

describe('the command line', () => {
  it('measures everything by default, large sizes once', () => {
    const { objects, repeats, ...rest } = options();
    expect(objects).toEqual([1000, 10_000]);
    expect(objects.map(repeats)).toEqual([3, 1]);
    expect(rest).toMatchObject({ workloads, variants, latency: 1, quick: false, kubeconfig: undefined });
  });

  it('takes repeats for every size when they are asked for', () => {
    const { objects, repeats } = options('--objects', '500,20000', '--repeats', '5');
    expect(objects.map(repeats)).toEqual([5, 5]);
  });

  it('is smaller when it has to be quick', () => {
    const { objects, repeats } = options('--quick');
    expect(objects.map(repeats)).toEqual([1]);
  });

  it('takes KUBECONFIG where no file is named', () => {
    expect(readOptions([], { KUBECONFIG: '/a' })).toMatchObject({ kubeconfig: '/a' });
    expect(readOptions(['--kubeconfig', '/b'], { KUBECONFIG: '/a' })).toMatchObject({ kubeconfig: '/b' });
    expect(readOptions([], { KUBECONFIG: '' })).toMatchObject({ kubeconfig: undefined });
  });

  it.each([
    [['--objects', '0'], 'at least one'],
    [['--objects', 'many'], '"many" is no number'],
    [['--objects', '1,,2'], 'no list'],
    [['--workload', 'create,nap'], '"nap" is none of idle, create'],
    [['--variants', 'go'], '"go" is none of plain'],
    [['--repeats', '-1'], 'Option'],
    [['--frobnicate'], 'frobnicate'],
    [['create'], 'create'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args, {})).toThrow(UsageError);
    expect(() => readOptions(args, {})).toThrow(message);
  });
});
