export { allowed, assertAllowed, type Question } from './allowed.ts';
export type { CheckResult } from './check.ts';
export { checkQuery, type QueryCheckResult } from './check-query.ts';
export { permissionDenied } from './denied.ts';
export { Permissions, type RunOptions } from './permissions.ts';
export { type Rehearsal, rehearse } from './rehearse.ts';
export { NO_RULES, Rules } from './rules.ts';
export { TransactionChecks } from './transaction-checks.ts';
export { parseRules, ruleIssues } from './validate-rules.ts';
