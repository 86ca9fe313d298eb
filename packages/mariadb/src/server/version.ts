// A server reads no data that a newer one has written.
import { Reason } from '@stackwright/api';
import { done, failed, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/graph';
import { imageOf, whoServed } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import type { MariaDB } from '../crd.js';

/**
 * Step 'Version': the image is not older than the server that was there last, as far as its tag says what it is. (Where that does
 * not say it, the Pod refuses by itself to touch the data.)
 */
export function versionStep(g: GraphBuilder<MariaDB>): StepHandle {
  return g.step({
    name: 'Version',
    run({ object }): Outcome<undefined> {
      const image = imageOf(catalog.image, object.spec.image);
      const wanted = numbersOf(/:v?(\d+\.\d+)[^/:@]*(?:@|$)/.exec(image)?.[1]);
      // What a server elsewhere had says nothing of the data that is here.
      if (whoServed(object) !== 'Here') return done();
      const had = (object.status as { version?: string } | undefined)?.version;
      const before = numbersOf(had);
      if (!wanted || !before || compare(wanted, before) >= 0) return done();
      const message = `spec.image: ${image} is older than the MariaDB ${had ?? ''} that has the data; a server does not go back`;
      return failed(Reason.InvalidSpec, message);
    },
  });
}

type Version = readonly [major: number, minor: number];

function numbersOf(text: string | undefined): Version | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(text ?? '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

const compare = (one: Version, other: Version): number => one[0] - other[0] || one[1] - other[1];
