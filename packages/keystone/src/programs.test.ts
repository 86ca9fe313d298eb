import { runPythonTests } from '@stackwright/openstack/testing';
import { it } from 'vitest';

it.each(['manage/bootstrap', 'manage/trust_flush', 'wsgi/stackwright_keystone'])(
  '%s.py does what its own tests say',
  (name) => runPythonTests(new URL(`./${name}_test.py`, import.meta.url)),
);
