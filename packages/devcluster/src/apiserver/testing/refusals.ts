// For tables of what is wrong with an object, and what the server says of it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestServer } from './http.js';

type Node = Record<string, unknown>;

/** Where in the object, what is there instead (undefined: nothing), and the findings, as `field: message` begins. */
export type Wrong = readonly [path: string, value: unknown, ...findings: string[]];

interface Refusal {
  details: { causes?: { field: string; message: string }[] };
}

/** A test for each row: the object with that one field changed is refused for these reasons, and no others. */
export function refuses(collection: string, valid: object, table: readonly Wrong[]): void {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.stop());

  it('takes the object as it is', async () => {
    expect(await server.post(`${collection}?dryRun=All`, valid)).toMatchObject({ code: 201 });
  });

  it.each(table.map(([path, value, ...findings]) => ({ path, value, findings })))(
    '$path: $value',
    async ({ path, value, findings }) => {
      const { code, body } = await server.post(`${collection}?dryRun=All`, changed(valid, path.split('/'), value));
      expect(code).toBe(422);
      const { causes = [] } = (body as unknown as Refusal).details;
      const words = causes.map(({ field, message }) => `${field}: ${message}`);
      expect(words).toEqual(findings.map((finding) => expect.stringContaining(finding) as unknown));
    },
  );
}

function changed(valid: object, path: readonly string[], value: unknown): object {
  const object = structuredClone(valid);
  let node = object as Node;
  for (const key of path.slice(0, -1)) node = (node[key] ??= {}) as Node;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete node[last];
  else node[last] = value;
  return object;
}
