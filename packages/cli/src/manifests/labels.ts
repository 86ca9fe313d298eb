/**
 * On the Deployment of a controller: the kinds that it reconciles ("Keystone.keystone.stackwright.dev,…"), so that
 * `stackwright why` finds who should have acted on an object.
 */
export const reconcilesAnnotation = 'stackwright.dev/reconciles';
