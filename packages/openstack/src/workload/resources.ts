import type { Resources } from '@stackwright/api';

/** A container's resources: the service's defaults, and over them what the object says. */
export function resourcesOf(
  defaults: Resources,
  override: Resources = {},
): { requests?: Record<string, string>; limits?: Record<string, string> } {
  const merged = (which: 'requests' | 'limits') => {
    const amounts = Object.entries({ ...defaults[which], ...override[which] });
    return amounts.length > 0
      ? { [which]: Object.fromEntries(amounts.map(([name, amount]) => [name, String(amount)])) }
      : {};
  };
  return { ...merged('requests'), ...merged('limits') };
}

/** Of Jobs: enough for Python to import a service; they are over in seconds. */
export const jobResources: Resources = { requests: { cpu: '50m', memory: '192Mi' } };
