import type { ControllerModule } from '@stackwright/core';

/** The controllers of this workspace, those first that others stand on. */
export const modules: readonly ControllerModule[] = [];
