import type { Service } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { serviceEnv } from './service-env.js';

const service = (name: string, clusterIP: string | undefined, ports: object[]): Service =>
  ({ metadata: { name }, spec: { ...(clusterIP ? { clusterIP } : {}), ports } }) as Service;

it('tells of Services that have an address', () => {
  expect(
    serviceEnv([
      service('my-db', '10.0.0.7', [
        { name: 'sql-tls', port: 3306 },
        { port: 53, protocol: 'UDP' },
      ]),
      service('headless', 'None', [{ port: 1 }]),
      service('elsewhere', undefined, []),
    ]),
  ).toEqual({
    MY_DB_SERVICE_HOST: '10.0.0.7',
    MY_DB_SERVICE_PORT: '3306',
    MY_DB_SERVICE_PORT_SQL_TLS: '3306',
    MY_DB_PORT: 'tcp://10.0.0.7:3306',
    MY_DB_PORT_3306_TCP: 'tcp://10.0.0.7:3306',
    MY_DB_PORT_3306_TCP_PROTO: 'tcp',
    MY_DB_PORT_3306_TCP_PORT: '3306',
    MY_DB_PORT_3306_TCP_ADDR: '10.0.0.7',
    MY_DB_PORT_53_UDP: 'udp://10.0.0.7:53',
    MY_DB_PORT_53_UDP_PROTO: 'udp',
    MY_DB_PORT_53_UDP_PORT: '53',
    MY_DB_PORT_53_UDP_ADDR: '10.0.0.7',
  });
});
