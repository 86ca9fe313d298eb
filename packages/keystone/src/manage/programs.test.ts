import { runPythonTests } from '@stackwright/openstack/testing';
import { it } from 'vitest';

it.each(['bootstrap', 'trust_flush'])('%s.py does what its own tests say', (name) =>
  runPythonTests(new URL(`./${name}_test.py`, import.meta.url)),
);
