import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventOf, fitting } from './event.js';

const moment = { now: 0, suffix: '0123456789abcdef' };
const source = { domain: 'example.com', controller: 'a-controller', instance: 'pod-1' };
const details = { type: 'Warning', reason: 'Failed', action: 'Apply', note: 'no' } as const;
const about = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ns', name } });
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const bytes = (text: string | undefined): number => Buffer.byteLength(text ?? '');

describe('an event', () => {
  it.each(['y', 'ü', '€', '😀'])('has texts that fit in bytes: %s', (letter) => {
    const long = letter.repeat(2_000);
    const event = eventOf(
      { ...source, instance: long },
      moment,
      about('a'),
      fitting({ type: 'Normal', reason: long, action: long, note: long }),
    );
    for (const [text, most] of [
      [event.message, 1024],
      [event.reason, 128],
      [event.action, 128],
      [event.reportingInstance, 128],
    ] as const) {
      expect(bytes(text)).toBeLessThanOrEqual(most);
      expect(bytes(text)).toBeGreaterThan(most - 8);
      expect(text).not.toContain('�');
    }
  });

  it.each([
    ['a hyphen where it is cut', `${'a'.repeat(235)}-${'b'.repeat(17)}`],
    ['a dot where it is cut', `${'a'.repeat(235)}.${'b'.repeat(17)}`],
    ['both', `${'a'.repeat(233)}.-.${'b'.repeat(17)}`],
    ['a colon', 'system:node:'],
    ['capitals', 'Admin'],
    ['nothing that may be in a name', ':::'],
    ['no name', ''],
  ])('has a name that is a DNS subdomain for an object with %s', (_what, name) => {
    const made = eventOf(source, moment, about(name), details).metadata?.name ?? '';
    expect(made).toMatch(subdomain);
    expect(made.length).toBeLessThanOrEqual(253);
  });

  it('has such a name whatever the object is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '0', '-', '.', ':', 'X', 'é'), maxLength: 300 }), (name) => {
        const made = eventOf(source, moment, about(name), details).metadata?.name ?? '';
        expect(made).toMatch(subdomain);
        expect(made.length).toBeLessThanOrEqual(253);
      }),
    );
  });

  it('comes from a qualified name, however long that of the controller is', () => {
    const controller = `${'a'.repeat(62)}-controller`;
    expect(eventOf({ ...source, controller }, moment, about('a'), details).reportingComponent).toBe(
      `example.com/${'a'.repeat(62)}`,
    );
  });
});
