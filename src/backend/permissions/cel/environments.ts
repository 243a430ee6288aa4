import { Environment } from '@marcbachmann/cel-js';
import { addInstantFunctions } from './instant-functions.ts';
import { addSize } from './json-values.ts';
import { addMathFunctions } from './math-functions.ts';
import { addSearchFunctions } from './search-functions.ts';
import { addStringFunctions } from './string-functions.ts';
import { addTimestampGetters } from './timestamp-getters.ts';

/** The action of a rule, which decides what variables it has. */
export type RuleAction = 'view' | 'create' | 'update' | 'delete' | 'link' | 'unlink';

const MAP = 'map<string, dyn>';

/** The maximum length of an expression. */
export const MAX_EXPRESSION_LENGTH = 20_000;

const LIMITS = { maxAstNodes: 5_000, maxDepth: 100, maxListElements: 1_000, maxMapEntries: 1_000 };

/** Created when the first rule is compiled, so that an app without rules pays nothing. */
let environments: ReadonlyMap<RuleAction, Environment> | undefined;

/** The variables and functions available to a rule for `action`. */
export function environmentFor(action: RuleAction): Environment {
  environments ??= createEnvironments();
  const environment = environments.get(action);
  if (!environment) throw new Error(`No environment for rules of "${action}"`);
  return environment;
}

function createEnvironments(): Map<RuleAction, Environment> {
  const base = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  addStringFunctions(base);
  addSearchFunctions(base);
  addMathFunctions(base);
  addSize(base);
  addInstantFunctions(base);
  addTimestampGetters(base);
  for (const name of ['data', 'auth', 'ruleParams']) base.registerVariable(name, MAP);
  base.registerVariable('request', 'request');
  base.registerVariable('rateLimit', 'map<string, RateLimitBucket>');
  const withMaps = (...names: string[]): Environment => {
    const environment = base.clone();
    for (const name of names) environment.registerVariable(name, MAP);
    return environment;
  };
  const read = withMaps();
  const write = withMaps('newData');
  return new Map<RuleAction, Environment>([
    ['view', read],
    ['delete', read],
    ['create', write],
    ['update', write],
    ['link', withMaps('newData', 'linkedData', 'actions')],
    ['unlink', withMaps('newData', 'linkedData')],
  ]);
}
