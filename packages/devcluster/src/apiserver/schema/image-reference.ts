// Names of images, as the container tools read them: `registry.example:5000/team/web:1.2@sha256:…`.

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const REFERENCE = new RegExp(`^(?:(${HOST})/)?(${PART}(?:/${PART})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const MAX_NAME = 255;

/** Of an image without a registry. */
const DEFAULT_REGISTRY = 'docker.io/';

/** Whether an image is pulled each time when nothing is said: what is called `latest`, or nothing, is another one tomorrow. */
export function isLatest(image: string): boolean {
  // Identifiers look like names, but are none.
  if (/^[a-f0-9]{64}$/.test(image)) return false;
  const [, name = '', tag, digest] = REFERENCE.exec(withRegistry(image))?.slice(1) ?? [];
  if (name === '' || name.length > MAX_NAME) return false;
  return tag === undefined ? digest === undefined : tag === 'latest';
}

/** What stands before the first slash is a registry only if it looks like one. */
function withRegistry(image: string): string {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0));
  const registry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return registry ? image : DEFAULT_REGISTRY + image;
}
