import { Reason } from '@stackwright/api';
import { done, failed, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/graph';
import type { Catalog } from '../catalog/catalog.js';
import { imageOf } from '../catalog/image.js';
import type { Release, ServiceObject } from './builder.js';

/** Finds the release in the catalog: what is not known is refused before anything is made or changed for it. */
export function releaseStep<R extends ServiceObject>(g: GraphBuilder<R>, catalog: Catalog): StepHandle<Release> {
  return g.step({
    name: 'Release',
    run({ object }): Outcome<Release> {
      const { release, image } = object.spec;
      const facts = catalog.releases[release];
      if (!facts) {
        const known = Object.keys(catalog.releases).sort().join(', ');
        return failed(
          Reason.UnsupportedRelease,
          `spec.release: ${catalog.service} has no release ${release}; there is ${known}`,
        );
      }
      return done({
        ...facts,
        service: catalog.service,
        release,
        reference: imageOf(facts, image),
        user: catalog.user,
      });
    },
  });
}
