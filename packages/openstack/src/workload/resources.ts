import type { Resources } from '@stackwright/api';
import { compareQuantities } from '@stackwright/kube';

/**
 * A container's resources: the service's defaults, and over them what the object says. A default request is no more than the limit
 * that the object sets: no server takes a Pod that asks for more than it may use.
 */
export function resourcesOf(
  defaults: Resources,
  override: Resources = {},
): { requests?: Record<string, string>; limits?: Record<string, string> } {
  const within = (amounts: Amounts = {}, which: 'requests' | 'limits'): Amounts =>
    which === 'limits' ? amounts : leastOf(amounts, { ...defaults.limits, ...override.limits });
  const merged = (which: 'requests' | 'limits') => {
    const amounts = Object.entries({ ...within(defaults[which], which), ...override[which] });
    return amounts.length > 0
      ? { [which]: Object.fromEntries(amounts.map(([name, amount]) => [name, String(amount)])) }
      : {};
  };
  return { ...merged('requests'), ...merged('limits') };
}

type Amounts = NonNullable<Resources['requests']>;

/** Of each amount the lesser one, where there is another. */
function leastOf(amounts: Amounts, limits: Amounts): Amounts {
  const least = (name: keyof Amounts) => {
    const [amount, limit] = [amounts[name], limits[name]];
    if (amount === undefined) return {};
    return { [name]: limit !== undefined && compareQuantities(amount, limit) > 0 ? limit : amount };
  };
  return { ...least('cpu'), ...least('memory') };
}

/** Of Jobs: enough for Python to import a service; they are over in seconds. */
export const jobResources: Resources = { requests: { cpu: '50m', memory: '192Mi' } };
