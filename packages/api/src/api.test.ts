import { crdOf } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { CacheClaim, ControlPlane, DatabaseClaim, IdentityClaim } from './index.js';
it('x', () => { for (const r of [CacheClaim, ControlPlane, DatabaseClaim, IdentityClaim]) console.log(JSON.stringify(crdOf(r), undefined, 1)); });
