import workspace from '../../package.json' with { type: 'json' };
import type { ImageDefinition } from '../definition.js';

/** Node.js by itself, so that a changed controller costs one second and not an installation. */
export const node: ImageDefinition = {
  name: 'node',
  tag: '24',
  description: 'Node.js of Debian',
  from: { image: 'base:forky' },
  packages: ['nodejs'],
  megabytes: 200,
  internal: true,
};

/** All of our controllers; a Pod's command names the one to run: `node /opt/stackwright/<name>/main.js`. */
export const controller: ImageDefinition = {
  name: 'controller',
  tag: workspace.version,
  description: 'The controllers of this workspace',
  from: { image: 'node:24' },
  accounts: ['stackwright'],
  packages: [],
  bundles: ['cinder', 'coordinator', 'glance', 'keystone', 'mariadb', 'memcached', 'placement', 'rabbitmq'],
  environment: { NODE_ENV: 'production' },
  user: 'stackwright',
  megabytes: 30,
};
