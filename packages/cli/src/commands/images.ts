// Images for a Kubernetes that is not the embedded one: they are built where this runs, and have to get there.
import { resolve } from 'node:path';
import { definitions, pushImage, registry, saveImages as save, type BuiltImage } from '@stackwright/images';
import { CliError } from '../errors.js';
import { controllerTag, ensureImages, sayBuilt } from '../up/images.js';
import type { CommandContext } from './context.js';

export async function pushImages({ terminal, signal }: CommandContext, prefix: string): Promise<void> {
  const images = await built({ terminal, signal });
  for (const { id, target } of named(images, prefix)) {
    terminal.note(`Pushing ${target}`);
    try {
      await pushImage({ id, target }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new CliError(`${target} cannot be pushed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
        hints: pushHints(error instanceof Error ? error.message : '', prefix.split('/', 1)[0] ?? prefix),
      });
    }
  }
  terminal.data(nextCommand(images, prefix));
}

/** What podman's words mean, and where it is told: it speaks TLS to every registry unless it is told otherwise. */
export function pushHints(said: string, host: string): string[] {
  if (/HTTP response to HTTPS client/i.test(said)) {
    return [
      `${host} speaks HTTP without TLS. If it shall: in /etc/containers/registries.conf.d/${host.replace(/:/g, '-')}.conf,`,
      `  [[registry]]`,
      `  location = "${host}"`,
      `  insecure = true`,
      'The nodes have to be told as well, in the configuration of their container runtime.',
    ];
  }
  if (/x509|certificate/i.test(said)) {
    return [
      `The registry's authority is not known here: put its certificate in /etc/containers/certs.d/${host}/ca.crt`,
    ];
  }
  if (/unauthorized|authentication required|denied|forbidden|\b40[13]\b/i.test(said)) {
    return [`The registry asks who you are, or who may write there: podman login ${host}`];
  }
  return ['Without a registry: npx stackwright images save images.tar'];
}

export async function saveImages({ terminal, signal }: CommandContext, file: string, prefix: string): Promise<void> {
  const images = await built({ terminal, signal });
  const path = resolve(file);
  await save({ images: named(images, prefix), file: path }, { signal });
  terminal.note(
    [
      `All images are in ${path}. On each node, or for all of them:`,
      `  ctr -n k8s.io images import ${path}`,
      `  kind load image-archive ${path}`,
    ].join('\n'),
  );
  terminal.data(nextCommand(images, prefix));
}

async function built({ terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>): Promise<BuiltImage[]> {
  const images = await ensureImages(terminal, signal);
  terminal.note(`Images: ${sayBuilt(images)}`);
  return images;
}

/** Those that Pods name, under another prefix. */
function named(images: readonly BuiltImage[], prefix: string): { id: string; target: string }[] {
  const isInternal = (name: string) => definitions.find((each) => each.name === name)?.internal === true;
  return images
    .filter(({ name }) => !isInternal(name))
    .map(({ id, reference }) => ({ id, target: `${prefix.replace(/\/+$/, '')}${reference.slice(registry.length)}` }));
}

function nextCommand(images: readonly BuiltImage[], prefix: string): string {
  const tag = controllerTag(images);
  const of = tag === undefined ? '' : ` --controller-tag ${tag}`;
  return `npx stackwright manifests --image-prefix ${prefix.replace(/\/+$/, '')}${of} | kubectl apply --server-side -f -`;
}
