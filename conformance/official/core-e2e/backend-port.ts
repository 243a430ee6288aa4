import { inject } from 'vitest';

// A constant of the build of core's tests: the backend at this port of this machine, instead of Instant's own.
Object.assign(globalThis, { __DEV_LOCAL_PORT__: inject('localBackendPort') });
