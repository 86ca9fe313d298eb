// A controller process for tests of what a process does: it watches Secrets and does nothing.
import { Secret } from '@stackwright/kube';
import { newController } from '../controller/builder.js';
import { runModule } from '../manager/run.js';

await runModule({
  name: 'sample',
  customResources: [],
  rules: [],
  setup: (manager) =>
    void newController(manager, 'sample')
      .for(Secret)
      .complete(async () => {}),
});
