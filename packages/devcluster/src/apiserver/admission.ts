// What may change or refuse a write after authorization: the built-in plugins, policies and webhooks.
import type { ApiObject } from './json.js';
import type { ServedResource, Subresource } from './registry/resource.js';
import type { UserInfo } from './request.js';

export interface AdmissionAttributes {
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  resource: ServedResource;
  subresource: Subresource | undefined;
  namespace: string | undefined;
  name: string;
  /** The draft; plugins that mutate change it in place. Absent for DELETE. */
  object: ApiObject | undefined;
  oldObject: Readonly<ApiObject> | undefined;
  user: UserInfo;
  dryRun: boolean;
  /** Texts for the client's Warning headers. */
  warnings: string[];
}

/** Both refuse by throwing an ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

export async function mutate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.mutate?.(attributes);
    if (pending) await pending;
  }
}

export async function validate(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(attributes);
    if (pending) await pending;
  }
}
