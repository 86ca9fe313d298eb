import { Reason, reasons } from '@stackwright/api';
import { EngineReason } from '@stackwright/graph';
import { expect, it } from 'vitest';

it("documents every reason of the engine, which cannot import the API's", () => {
  const undocumented = Object.values(EngineReason).filter((reason) => !(reason in reasons));
  expect(undocumented).toEqual([]);
  for (const reason of Object.values(EngineReason)) expect(Reason).toHaveProperty(reason, reason);
});
