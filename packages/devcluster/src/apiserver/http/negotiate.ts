// What the client wants to read: the objects, only their metadata, or a table for people.
import { notAcceptable } from '../errors.js';

export type Representation =
  | { as: 'object'; contentType: string }
  | {
      as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
      version: 'v1' | 'v1beta1';
      contentType: string;
    }
  | { as: 'APIGroupDiscoveryList'; version: 'v2' | 'v2beta1'; contentType: string };

interface MediaRange {
  type: string;
  parameters: Map<string, string>;
}

export function negotiate(accept: string | undefined, supported: readonly Representation['as'][]): Representation {
  const ranges = parse(accept ?? '*/*');
  for (const { type, parameters } of ranges) {
    if (type === 'application/yaml' && !supported.includes('APIGroupDiscoveryList') && !parameters.has('as'))
      return { as: 'object', contentType: type };
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue;
    const as = parameters.get('as');
    if (as === undefined) return { as: 'object', contentType: 'application/json' };
    const wanted = supported.find((item) => item === as);
    const version = parameters.get('v') ?? '';
    const group = parameters.get('g') ?? '';
    const contentType = `application/json;g=${group};v=${version};as=${as}`;
    if (
      wanted === 'APIGroupDiscoveryList' &&
      group === 'apidiscovery.k8s.io' &&
      (version === 'v2' || version === 'v2beta1')
    ) {
      return { as: wanted, version, contentType };
    }
    if (
      wanted &&
      wanted !== 'object' &&
      wanted !== 'APIGroupDiscoveryList' &&
      group === 'meta.k8s.io' &&
      (version === 'v1' || version === 'v1beta1')
    ) {
      return { as: wanted, version, contentType };
    }
  }
  throw notAcceptable('only the following media types are accepted: application/json, application/yaml');
}

function parse(accept: string): MediaRange[] {
  return accept
    .split(',')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((item) => item.trim());
      const parameters = new Map(
        rest.map((item): [string, string] => {
          const equals = item.indexOf('=');
          return equals < 0 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)];
        }),
      );
      return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? '1') };
    })
    .filter((range) => range.type !== '' && range.quality > 0)
    .sort((a, b) => b.quality - a.quality);
}
