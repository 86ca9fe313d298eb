// What containers are told of Services, by environment variables.
import type { Service } from '@stackwright/kube';

export interface ServiceAddress {
  name: string;
  host: string;
  ports: readonly { name?: string; port: number; protocol?: string }[];
}

/** Those that have an address of their own, as variables. */
export function serviceEnv(services: readonly Service[]): Record<string, string> {
  const addresses = services.flatMap(({ metadata, spec }) => {
    const host = spec?.clusterIP;
    if (!host || host === 'None' || !spec.ports?.length) return [];
    return [{ name: metadata?.name ?? '', host, ports: spec.ports }];
  });
  return Object.assign({}, ...addresses.map(variablesOf)) as Record<string, string>;
}

/** WEB_SERVICE_HOST, WEB_SERVICE_PORT, WEB_SERVICE_PORT_HTTP, and WEB_PORT… as Docker's links had them. */
export function variablesOf({ name, host, ports }: ServiceAddress): Record<string, string> {
  const prefix = variable(name);
  const env: Record<string, string> = { [`${prefix}_SERVICE_HOST`]: host };
  for (const [index, { name: portName, port, protocol = 'TCP' }] of ports.entries()) {
    const url = `${protocol.toLowerCase()}://${host}:${port}`;
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) {
      env[`${prefix}_SERVICE_PORT`] = String(port);
      env[`${prefix}_PORT`] = url;
    }
    if (portName) env[`${prefix}_SERVICE_PORT_${variable(portName)}`] = String(port);
    env[link] = url;
    env[`${link}_PROTO`] = protocol.toLowerCase();
    env[`${link}_PORT`] = String(port);
    env[`${link}_ADDR`] = host;
  }
  return env;
}

const variable = (name: string): string => name.toUpperCase().replaceAll('-', '_');
