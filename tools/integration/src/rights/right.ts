// A right as a line of text: what a controller's ServiceAccount may do, or has done.

export interface Right {
  /** "keystone-controller" */
  controller: string;
  group: string;
  /** With its subresource: "keystones/status". */
  resource: string;
  verb: string;
}

/** "keystone-controller apps deployments patch"; the core group is "core". */
export const written = ({ controller, group, resource, verb }: Right): string =>
  `${controller} ${group === '' ? 'core' : group} ${resource} ${verb}`;

export function read(line: string): Right {
  const [controller = '', group = '', resource = '', verb = ''] = line.split(' ');
  return { controller, group: group === 'core' ? '' : group, resource, verb };
}
