import fc from 'fast-check';
import { expect, it } from 'vitest';
import { camel, kebab, partName, serviceName } from './names.js';

it.each([
  ['Database', 'database', 'database'],
  ['DbSync', 'db-sync', 'dbSync'],
  ['ApiCfn', 'api-cfn', 'apiCfn'],
  ['NBServer', 'nb-server', 'nbServer'],
  ['Cell1Conductor', 'cell1-conductor', 'cell1Conductor'],
  ['API', 'api', 'api'],
])('%s is %s in Kubernetes, and %s in the catalog', (step, inKubernetes, inCatalog) => {
  expect([kebab(step), camel(step)]).toEqual([inKubernetes, inCatalog]);
});

it('what a step makes has the object’s name before its own; the API has the object’s alone', () => {
  expect(partName('one', 'DbSync')).toBe('one-db-sync');
  expect([serviceName('one'), serviceName('one', 'Api'), serviceName('one', 'ApiCfn')]).toEqual([
    'one',
    'one',
    'one-api-cfn',
  ]);
});

it('names of steps become parts of names that Kubernetes takes, and different ones stay so', () => {
  const word = fc.stringMatching(/^[A-Z][a-z0-9]{1,8}$/);
  const step = fc.array(word, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(step, (words) => {
      const name = kebab(words.join(''));
      expect(name).toBe(words.join('-').toLowerCase());
      expect(kebab(camel(words.join('')))).toBe(name);
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    }),
  );
});
