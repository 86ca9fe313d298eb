// The release that runs. What is asked for and what runs differ as long as a change of the release is not supported: then what
// runs is looked after as before, and the change alone is refused.
import { Reason } from '@stackwright/api';
import {
  done,
  failed,
  Label,
  type GraphBuilder,
  type Outcome,
  type StatusScope,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Deployment, Job } from '@stackwright/kube';
import type { Catalog } from '../catalog/catalog.js';
import { imageOf, releaseInTag } from '../catalog/image.js';
import type { Release, ServiceObject } from './builder.js';

interface ReleaseStatus {
  release?: string;
  image?: string;
  schemaRelease?: string;
}

const statusOf = ({ status }: Readonly<ServiceObject>): ReleaseStatus => status ?? {};

/** Purposes of the Jobs that make the service's schema ("db-sync"): known when all steps are declared. */
export type SchemaJobs = readonly string[];

/** The one that the schema was made for. One that has run has made it, whoever noted that. */
function schemaRelease(object: Readonly<ServiceObject>, jobs: SchemaJobs): string | undefined {
  const { schemaRelease, release } = statusOf(object);
  return jobs.length === 0 ? undefined : (schemaRelease ?? release);
}

/** That one, where another one is asked for. */
function keptRelease(object: Readonly<ServiceObject>, jobs: SchemaJobs): string | undefined {
  const release = schemaRelease(object, jobs);
  return release === object.spec.release ? undefined : release;
}

/** The one that `spec.image` names, where its tag says that it is of another release than that of its schema. */
function foreignImage({ spec: { image, release } }: Readonly<ServiceObject>): string | undefined {
  const named = image === undefined ? undefined : releaseInTag(image);
  return named === undefined || named === release ? undefined : image;
}

/** The one that is known to run, by status, or of what an earlier version of ours left, by the Pods that are wanted. */
function imageBefore<R extends ServiceObject>(
  scope: StepScope<R, typeof Deployment, typeof Deployment>,
): string | undefined {
  const { image } = statusOf(scope.object);
  if (image !== undefined) return image;
  const [deployment] = scope.list(Deployment, { labels: scope.labels }).filter((one) => scope.isOwn(Deployment, one));
  return deployment?.spec?.template.spec?.containers[0]?.image;
}

/** Finds the release in the catalog: what is not known is refused before anything is made or changed for it. */
export function releaseStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  catalog: Catalog,
  schemaJobs: SchemaJobs,
): StepHandle<Release> {
  return g.step({
    name: 'Release',
    reads: [{ resource: Deployment, parts: true }],
    run(scope): Outcome<Release> {
      const { object } = scope;
      const kept = keptRelease(object, schemaJobs);
      const release = kept ?? object.spec.release;
      const facts = catalog.releases[release];
      if (!facts) return failed(Reason.UnsupportedRelease, `spec.release: ${unknown(catalog, release)}`);
      // An image that is asked for together with another release is that one's.
      const isOther = kept !== undefined || foreignImage(object) !== undefined;
      const before = isOther ? imageBefore(scope) : undefined;
      if (before === undefined && kept === undefined && isOther) return failed(Reason.InvalidSpec, ofAnother(object));
      return done({
        ...facts,
        service: catalog.service,
        release,
        reference: before ?? imageOf(facts, isOther ? undefined : object.spec.image),
        user: catalog.user,
      });
    },
  });
}

/**
 * Step 'Upgrade': Done where the release that is asked for is the one that runs, and the image none of another. A schema that was made for another one is not
 * touched: the Pods that run know only that, and there is no way back from a newer one.
 */
export function upgradeStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  catalog: Catalog,
  release: StepHandle<Release>,
  schemaJobs: SchemaJobs,
): void {
  g.step({
    name: 'Upgrade',
    after: [release],
    run({ object }): Outcome<undefined> {
      const kept = keptRelease(object, schemaJobs);
      if (kept === undefined) {
        return foreignImage(object) === undefined ? done() : failed(Reason.InvalidSpec, ofAnother(object));
      }
      const { release: asked } = object.spec;
      const back = `it runs on with ${kept}; set spec.release back to that`;
      return catalog.releases[asked]
        ? failed(
            Reason.ReleaseChangeNotSupported,
            `spec.release: the schema was made for ${kept}, and a change to ${asked} is not supported yet: ${back}`,
          )
        : failed(Reason.UnsupportedRelease, `spec.release: ${unknown(catalog, asked)}: ${back}`);
    },
  });
}

const ofAnother = ({ spec: { image = '', release } }: Readonly<ServiceObject>): string =>
  `spec.image: ${image} is of another release than spec.release, ${release}, by its tag; set the two alike`;

const unknown = ({ service, releases }: Catalog, release: string): string =>
  `${service} has no release ${release}; there is ${Object.keys(releases).sort().join(', ')}`;

/** `status.schemaRelease`, from the first moment on that a Job may have changed the schema; and `status.image`. */
export function releaseStatus<R extends ServiceObject>(
  scope: StatusScope<R>,
  release: StepHandle<Release>,
  schemaJobs: SchemaJobs,
): ReleaseStatus {
  const { object } = scope;
  const runs = scope.output(release);
  const image = runs?.reference ?? statusOf(object).image;
  const isOurs = ({ metadata }: Readonly<Job>) =>
    schemaJobs.includes(metadata?.labels?.[Label.component] ?? '') &&
    metadata?.ownerReferences?.some(({ uid }) => uid === object.metadata?.uid) === true;
  const made =
    schemaRelease(object, schemaJobs) ??
    (schemaJobs.length > 0 && scope.list(Job).some(isOurs) ? runs?.release : undefined);
  return { ...(image === undefined ? {} : { image }), ...(made === undefined ? {} : { schemaRelease: made }) };
}
