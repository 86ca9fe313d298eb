import { SeededRandom } from '@stackwright/core/testing';
import { parseSchedule } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { formatLedger, parseLedger, type Ledger } from './ledger.js';
import { fingerprintOf, newKeyRepository, primaryOf, readRepository, type KeyRepository } from './repository.js';
import { judge, moved, type Policy } from './rotation.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** A Wednesday. */
const start = Date.parse('2025-06-04T12:00:00Z');
const propagation = 2 * minute;

const random = new SeededRandom(11);

const weekly: Policy = {
  schedule: parseSchedule('@weekly'),
  request: undefined,
  propagation,
  atLeast: 3,
  tokens: { expiration: 3_600, allowExpired: 172_800 },
};

/** A repository, and the time; `tend` does what is due, with all that is kept going through the Secret as text. */
class Secret {
  now = start;
  keys: KeyRepository;
  ledger: string | undefined;
  policy: Policy;
  readonly history: { at: number; keys: KeyRepository }[] = [];

  constructor(policy: Policy = weekly) {
    this.policy = policy;
    this.keys = repository();
    const tokens = policy.tokens ? { tokens: { 1: { expiration: policy.tokens.expiration } } } : { migrated: 1 };
    this.ledger = formatLedger({ keys: fingerprintOf(this.keys), changed: start, rotated: start, ...tokens });
    this.history.push({ at: start, keys: this.keys });
  }

  /** What is done, move by move. */
  tend(): string[] {
    const moves: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const ledger = parseLedger(this.ledger);
      const verdict = judge(this.keys, ledger, this.policy, this.now);
      if (!verdict.move) return moves;
      moves.push(verdict.move);
      const after = moved(this.keys, ledger, verdict, this.policy, this.now, random);
      if (after.keys !== this.keys) this.history.push({ at: this.now, keys: after.keys });
      this.keys = after.keys;
      this.ledger = formatLedger(after.ledger);
    }
    throw new Error(`It never ends: ${moves.join(', ')}`);
  }

  pass(time: number): string[] {
    this.now += time;
    return this.tend();
  }

  get verdict() {
    return judge(this.keys, parseLedger(this.ledger), this.policy, this.now);
  }

  get numbers(): number[] {
    return [...this.keys.keys()].sort((one, other) => one - other);
  }
}

function repository(): KeyRepository {
  const data = Object.entries(newKeyRepository(random)).map(([name, key]) => [
    name,
    Buffer.from(key).toString('base64'),
  ]);
  const read = readRepository(Object.fromEntries(data) as Record<string, string>);
  if ('problem' in read) throw new Error(read.problem);
  return read.keys;
}

describe('a rotation', () => {
  it('makes the staged key primary, and stages a new one when every Pod has that', () => {
    const secret = new Secret();
    const [staged, primary] = [secret.keys.get(0), secret.keys.get(1)];
    expect(new Date(secret.verdict.nextRotation!).toISOString()).toBe('2025-06-08T00:00:00.000Z');
    secret.now = secret.verdict.due!;
    expect(secret.tend()).toEqual(['Promote']);
    expect([...secret.keys]).toEqual([
      [0, staged],
      [1, primary],
      [2, staged],
    ]);
    expect(secret.pass(propagation - 1_000)).toEqual([]);
    secret.now = secret.verdict.due!;
    expect(secret.tend()).toEqual(['Stage']);
    expect(secret.keys.get(2)).toBe(staged);
    expect(new Set(secret.keys.values()).size).toBe(3);
    expect(secret.tend()).toEqual([]);
  });

  it('that was missed for a month happens once', () => {
    const secret = new Secret();
    expect(secret.pass(40 * day)).toEqual(['Promote']);
    expect(secret.pass(propagation)).toEqual(['Stage']);
    expect(secret.pass(hour)).toEqual([]);
    expect(primaryOf(secret.keys)).toBe(2);
  });

  it('is made on request, once for each request, and not before Pods have the staged key', () => {
    const secret = new Secret({ ...weekly, schedule: undefined, request: 'a' });
    expect(secret.pass(minute)).toEqual([]);
    expect(secret.pass(minute)).toEqual(['Promote']);
    expect(secret.pass(hour)).toEqual(['Stage']);
    expect(secret.pass(day)).toEqual([]);
    secret.policy = { ...secret.policy, request: 'b' };
    expect(secret.tend()).toEqual(['Promote']);
    secret.policy = { ...secret.policy, request: undefined };
    expect(secret.pass(day)).toEqual(['Stage']);
    expect(primaryOf(secret.keys)).toBe(3);
  });

  it('waits where there are as many keys as a Secret can have, and all are in use', () => {
    const secret = new Secret();
    const one = secret.keys.get(1)!;
    secret.keys = new Map([
      ...secret.keys,
      ...Array.from({ length: 998 }, (_, index): [number, string] => [index + 2, one]),
    ]);
    expect(secret.tend()).toEqual(['Adopt']);
    expect(secret.ledger?.length).toBeLessThan(100_000);
    expect(secret.pass(2 * day)).toEqual([]);
    secret.policy = { ...weekly, request: 'a' };
    expect(secret.tend()).toEqual([]);
    expect(secret.pass(day)).toEqual(['Drop', 'Promote', 'Drop']);
    expect(secret.numbers).toEqual([0, 999, 1000]);
  });

  it('never happens where it is not planned', () => {
    const secret = new Secret({ ...weekly, schedule: undefined });
    expect(secret.pass(1_000 * day)).toEqual([]);
    expect(secret.verdict).toEqual({ drop: [] });
  });
});

describe('a retired key', () => {
  it('goes when there are enough others and no token of it can be valid', () => {
    const secret = new Secret({ ...weekly, schedule: undefined });
    for (const request of ['a', 'b']) {
      secret.policy = { ...secret.policy, request };
      secret.pass(hour);
      secret.pass(hour);
    }
    expect(secret.numbers).toEqual([0, 1, 2, 3]);
    const retired = start + hour;
    expect(secret.verdict.due).toBe(retired + propagation + hour + 2 * day);
    secret.now = secret.verdict.due! - 1;
    expect(secret.tend()).toEqual([]);
    expect(secret.pass(1)).toEqual(['Drop']);
    expect(secret.numbers).toEqual([0, 2, 3]);
    expect(secret.pass(100 * day)).toEqual([]);
  });

  it('is kept for as long as tokens lived when it was primary', () => {
    const secret = new Secret({ ...weekly, schedule: undefined, atLeast: 2 });
    const life = (expiration: number) => ({ ...secret.policy, tokens: { expiration, allowExpired: 0 } });
    secret.policy = life(30 * 86_400);
    expect(secret.pass(hour)).toEqual(['Note']);
    for (const request of ['a', 'b']) {
      secret.policy = { ...life(60), request };
      secret.pass(hour);
      secret.pass(hour);
    }
    // What was signed with 2 lived for a minute.
    expect(secret.numbers).toEqual([0, 1, 3]);
    expect(secret.pass(29 * day)).toEqual([]);
    expect(secret.pass(day)).toEqual(['Drop']);
    expect(secret.numbers).toEqual([0, 3]);
  });
});

describe('keys that somebody put there', () => {
  it('are used as they are, and the time counts anew', () => {
    const secret = new Secret();
    secret.now += 40 * day;
    secret.keys = new Map([...repository(), [7, repository().get(0)!]]);
    expect(secret.tend()).toEqual(['Adopt']);
    expect(secret.numbers).toEqual([0, 1, 7]);
    expect(secret.pass(propagation)).toEqual([]);
    expect(secret.verdict.nextRotation).toBe(parseSchedule('@weekly').next(start + 40 * day));
  });

  it.each([undefined, '', '{}', '{"keys":1}', 'null', '[1]'])('are adopted where the ledger is %j', (ledger) => {
    const secret = new Secret();
    secret.ledger = ledger;
    secret.policy = { ...weekly, request: 'a' };
    expect(secret.tend()).toEqual(['Adopt']);
    // Whether that was fulfilled nobody knows: it is not taken for a new one.
    expect(secret.pass(hour)).toEqual([]);
  });

  it.each([
    [{ '0': 'short', '1': 'short' }, 'has something under "0" that is no Fernet key'],
    [{ '1': Buffer.from(newKeyRepository(random)['1']!).toString('base64') }, 'has no staged key "0"'],
  ])('are refused where they are none', (data, problem) => {
    expect(readRepository(data)).toEqual({ problem });
  });
});

describe('credential keys', () => {
  const policy: Policy = { schedule: parseSchedule('@monthly'), request: undefined, propagation, atLeast: 3 };
  const migrate = (secret: Secret) => {
    const ledger: Ledger = parseLedger(secret.ledger)!;
    secret.ledger = formatLedger({ ...ledger, migrated: primaryOf(secret.keys) });
  };

  it('are rotated only when all is encrypted with the one that is primary; then what is older goes', () => {
    const secret = new Secret(policy);
    expect(secret.pass(31 * day)).toEqual(['Promote']);
    expect(secret.pass(hour)).toEqual(['Stage']);
    expect(secret.pass(100 * day)).toEqual([]);
    expect(secret.numbers).toEqual([0, 1, 2]);
    migrate(secret);
    expect(secret.tend()).toEqual(['Promote', 'Drop']);
    expect(secret.numbers).toEqual([0, 2, 3]);
    expect(secret.pass(hour)).toEqual(['Stage']);
    expect(secret.pass(100 * day)).toEqual([]);
  });

  it('that somebody put there are not taken for migrated', () => {
    const secret = new Secret(policy);
    secret.keys = repository();
    expect(secret.tend()).toEqual(['Adopt']);
    expect(secret.pass(100 * day)).toEqual([]);
    migrate(secret);
    expect(secret.tend()).toEqual(['Promote']);
  });
});

describe('whatever happens', () => {
  it.each([1, 2, 3])('every Pod can read what any Pod encrypted, as long as it is valid (seed %i)', (seed) => {
    const chance = new SeededRandom(seed);
    const secret = new Secret({ ...weekly, tokens: { expiration: 3_600, allowExpired: 7_200 } });
    const life = { expiration: 3_600, allowExpired: 7_200 };
    const encrypted: { key: string; from: number; until: number }[] = [];
    for (let turn = 0; turn < 200; turn++) {
      if (chance.float() < 0.3) secret.policy = { ...secret.policy, request: `${turn}` };
      secret.pass(Math.floor(chance.float() * (chance.float() < 0.1 ? 10 * day : 20 * minute)));
    }
    const { history } = secret;
    const visible = history.map(({ at, keys }, index) => ({
      keys,
      from: at,
      until: (history[index + 1]?.at ?? secret.now) + propagation,
    }));
    for (const { keys, from, until } of visible) {
      const key = keys.get(primaryOf(keys))!;
      encrypted.push({ key, from, until: until + (life.expiration + life.allowExpired) * 1_000 });
    }
    expect(history.length).toBeGreaterThan(50);
    const unreadable = encrypted.filter((token) =>
      visible
        .filter((pod) => pod.from < token.until && token.from < pod.until)
        .some((pod) => ![...pod.keys.values()].includes(token.key)),
    );
    expect(unreadable).toEqual([]);
    expect(secret.keys.size).toBeLessThan(100);
  });
});
