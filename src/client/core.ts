// The order of these two is the point: see core-globals.ts.
import { removeCoreGlobals } from './core-globals.ts';

import '@instantdb/core';

removeCoreGlobals();
