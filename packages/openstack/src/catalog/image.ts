// Where images come from.
import type { ReleaseFacts } from './catalog.js';

/** Registry and path in front of the catalog's image names: STACKWRIGHT_IMAGE_PREFIX, default "localhost/stackwright". */
export function imagePrefix(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return (environment['STACKWRIGHT_IMAGE_PREFIX'] || 'localhost/stackwright').replace(/\/+$/, '');
}

/** The release that the tag of an image names ("keystone:2025.1-2"); undefined: it names none. */
export const releaseInTag = (image: string): string | undefined =>
  /:v?(\d{4}\.\d)(?!\d)[^/:@]*(?:@|$)/.exec(image)?.[1];

/** The image to run: the object's own (`spec.image`) where it names one, else the catalog's under the site's prefix. */
export function imageOf(
  facts: Pick<ReleaseFacts, 'image' | 'tag'>,
  override?: string,
  prefix: string = imagePrefix(),
): string {
  return override ?? `${prefix}/${facts.image}:${facts.tag}`;
}
