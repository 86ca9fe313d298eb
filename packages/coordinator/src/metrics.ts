// What only the coordinator can say: how the control planes stand, service by service. Computed when it is asked for, so
// that no series outlives its control plane.
import { ControlPlane } from '@stackwright/api';
import { CacheNotSyncedError, type Reader } from '@stackwright/core';
import { Gauge, type Registry } from 'prom-client';

type Observed = Readonly<ControlPlane>;
type Sample = (labels: Record<string, string>, value: number) => void;

export function registerMetrics(registry: Registry, reader: Reader): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    sample: (plane: Observed, add: Sample) => void,
  ): void => {
    const metric = new Gauge({
      name,
      help,
      labelNames: ['namespace', 'name', ...labelNames],
      registers: [registry],
      collect() {
        metric.reset();
        for (const plane of controlPlanes(reader)) {
          const { namespace = '', name: of = '' } = plane.metadata ?? {};
          sample(plane, (labels, value) => metric.set({ namespace, name: of, ...labels }, value));
        }
      },
    });
  };

  gauge('stackwright_controlplane_info', 'Always 1; the release that was asked for.', ['release'], (plane, add) =>
    add({ release: plane.spec.release }, 1),
  );
  gauge('stackwright_controlplane_ready', 'Whether the control plane is Ready.', [], (plane, add) =>
    add({}, plane.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? 1 : 0),
  );
  gauge(
    'stackwright_controlplane_available',
    'Whether all services of the control plane do their work now, whatever is wrong with what is wanted next.',
    [],
    (plane, add) =>
      add({}, plane.status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True') ? 1 : 0),
  );
  gauge(
    'stackwright_controlplane_service_available',
    'Whether a service of the control plane does its work now.',
    ['service', 'release'],
    (plane, add) =>
      plane.status?.services?.forEach(({ name, release = '', available }) =>
        add({ service: name, release }, available ? 1 : 0),
      ),
  );
  gauge(
    'stackwright_controlplane_service_ready',
    'Whether a service of the control plane is Ready for what it was last told.',
    ['service', 'release'],
    (plane, add) =>
      plane.status?.services?.forEach(({ name, release = '', ready }) =>
        add({ service: name, release }, ready ? 1 : 0),
      ),
  );
}

function controlPlanes(reader: Reader): readonly Observed[] {
  try {
    return reader.list(ControlPlane);
  } catch (error) {
    // Scraped before the first list has come in: there is nothing to say yet.
    if (error instanceof CacheNotSyncedError) return [];
    throw error;
  }
}
