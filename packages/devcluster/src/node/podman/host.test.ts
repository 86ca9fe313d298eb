import { describe, expect, it } from 'vitest';
import { limitArguments, parseProcessFacts, runtimesToTry } from './host.js';

const limits = (files: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 ${files}                files
`;
const status = (capabilities: string) => `Name:\tnode\nCapPrm:\t0\nCapEff:\t${capabilities}\n`;

describe('process limits', () => {
  it('are left to podman by those who may raise them', () => {
    const facts = parseProcessFacts(limits('1048576'), status('000001ffffffffff'), 32768);
    expect(facts.canRaiseLimits).toBe(true);
    expect(limitArguments({ ...facts, hybridCgroups: false })).toEqual([]);
  });

  it('are asked for as they are by those who may not', () => {
    const facts = parseProcessFacts(limits('20000'), status('000001fffeffffff'), 32768);
    expect(limitArguments({ ...facts, hybridCgroups: false })).toEqual([
      '--ulimit=nofile=20000:20000',
      '--ulimit=nproc=32768:32768',
    ]);
    const unlimited = parseProcessFacts(limits('unlimited'), status('0'), 4194304);
    expect(limitArguments({ ...unlimited, hybridCgroups: false })).toEqual(['--ulimit=nproc=96365:96365']);
  });
});

it("tries podman's own runtime first, except where it is known not to work", () => {
  expect(runtimesToTry('crun', false)).toEqual(['crun', 'runc']);
  expect(runtimesToTry('crun', true)).toEqual(['runc', 'crun']);
  expect(runtimesToTry('/opt/kata', false)).toEqual(['/opt/kata', 'runc', 'crun']);
});
