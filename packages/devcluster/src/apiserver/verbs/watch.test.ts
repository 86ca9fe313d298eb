// Lists and watches against a model: whoever lists with a selector and then follows a watch always knows what a list
// would say.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfigMap } from '@stackwright/kube';
import { startApiServer } from '../server.js';

const operation = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'delete'),
  name: fc.constantFrom('a', 'b', 'c'),
  label: fc.constantFrom('in', 'in', 'out'),
  value: fc.nat(3),
});

it('a list and a watch with a selector know what is selected, at every moment', async () => {
  const server = await startApiServer();
  const client = server.client();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), fc.nat(15), async (operations, listAfter) => {
        const namespace = 'default';
        const model = new Map<string, { label: string; value: string }>();
        const perform = async ({ kind, name, label, value }: (typeof operations)[number]): Promise<void> => {
          if (kind === 'delete') {
            if (model.delete(name)) await client.delete(ConfigMap, { namespace, name });
            return;
          }
          const object = { metadata: { namespace, name, labels: { label } }, data: { value: String(value) } };
          await (model.has(name) ? client.update(ConfigMap, object) : client.create(ConfigMap, object));
          model.set(name, { label, value: String(value) });
        };
        const selected = (): Record<string, string> =>
          Object.fromEntries(
            [...model].filter(([, { label }]) => label === 'in').map(([name, { value }]) => [name, value]),
          );

        for (const item of operations.slice(0, listAfter)) await perform(item);
        const list = await client.list(ConfigMap, { namespace, labelSelector: 'label=in' });
        const known = new Map(list.items.map(({ metadata, data }) => [metadata?.name ?? '', data?.['value'] ?? '']));
        expect(Object.fromEntries(known)).toEqual(selected());

        for (const item of operations.slice(listAfter)) await perform(item);
        // The end of what happened: something that is selected, at a revision after everything else.
        await client.create(ConfigMap, { metadata: { namespace, name: 'end', labels: { label: 'in' } } });
        const { resourceVersion } = list.metadata;
        for await (const event of client.watch(ConfigMap, {
          namespace,
          labelSelector: 'label=in',
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        })) {
          if (event.type === 'BOOKMARK') continue;
          const { metadata, data } = event.object;
          const name = metadata?.name ?? '';
          if (name === 'end') break;
          expect(event.type).toBe(known.has(name) ? (event.type === 'DELETED' ? 'DELETED' : 'MODIFIED') : 'ADDED');
          if (event.type === 'DELETED') known.delete(name);
          else known.set(name, data?.['value'] ?? '');
        }
        expect(Object.fromEntries(known)).toEqual(selected());
        for (const name of [...model.keys(), 'end']) await client.delete(ConfigMap, { namespace, name });
      }),
      { numRuns: 40 },
    );
  } finally {
    await server.stop();
  }
});
