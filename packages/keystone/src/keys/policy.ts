// From the spec to the policy by which keys are rotated.
import { Reason } from '@stackwright/api';
import { done, failed, type Outcome } from '@stackwright/graph';
import { isTimeZone, parseSchedule, type Schedule } from '@stackwright/kube';
import type { Keystone, KeyRotation } from '../crd.js';
import type { Policy } from './rotation.js';

/** What keystone keeps at most; older credential keys nothing needs, once all credentials are migrated. */
const credentialKeys = 3;

export function fernetPolicy({ fernet, config }: Keystone['spec']): Outcome<Policy> {
  const { rotation, rotate, maxActiveKeys } = fernet;
  return policy('spec.fernet.rotation', rotation, rotate, { atLeast: maxActiveKeys, tokens: tokenLife(config) });
}

export function credentialPolicy({ credential }: Keystone['spec']): Outcome<Policy> {
  const { rotation, rotate } = credential;
  return policy('spec.credential.rotation', rotation, rotate, { atLeast: credentialKeys });
}

export const propagationOf = ({ propagationSeconds }: KeyRotation): number => propagationSeconds * 1_000;

function policy(
  where: string,
  rotation: KeyRotation,
  request: string | undefined,
  rest: Pick<Policy, 'atLeast' | 'tokens'>,
): Outcome<Policy> {
  const { schedule: text, timeZone, suspend } = rotation;
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    return failed(Reason.InvalidSpec, `${where}.timeZone: there is no time zone "${timeZone}"`);
  }
  let schedule: Schedule;
  try {
    schedule = parseSchedule(text, timeZone);
  } catch (error) {
    return failed(Reason.InvalidSpec, `${where}.schedule: ${error instanceof Error ? error.message : String(error)}`);
  }
  return done({ schedule: suspend ? undefined : schedule, request, propagation: propagationOf(rotation), ...rest });
}

/** Keystone's own defaults, in seconds. */
const defaults = { expiration: 3_600, allow_expired_window: 172_800 };
/** Receipts of an unfinished login, of whose life nobody ever makes a question, are signed with the same keys. */
const receipt = 300;

/** From the merged configuration: of `[token]` nothing is ours. What is no number there is refused elsewhere. */
export function tokenLife(config: Keystone['spec']['config'] = {}): { expiration: number; allowExpired: number } {
  const given: Record<string, unknown> = {};
  for (const [section, options] of Object.entries(config['keystone.conf'] ?? {})) {
    if (section.toLowerCase() !== 'token') continue;
    for (const [option, value] of Object.entries(options)) given[option.toLowerCase().replaceAll('-', '_')] = value;
  }
  const seconds = (option: keyof typeof defaults): number => {
    const value = Number(given[option] ?? NaN);
    return Number.isFinite(value) && value >= 0 ? value : defaults[option];
  };
  return { expiration: Math.max(seconds('expiration'), receipt), allowExpired: seconds('allow_expired_window') };
}
