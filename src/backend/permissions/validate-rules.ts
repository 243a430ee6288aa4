import { type ValidationIssue, validationFailed } from '../../protocol/error.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { RuleCompileError } from './cel/compile-error.ts';
import type { RuleAction } from './cel/environments.ts';
import { eachNode, literalText } from './cel/syntax.ts';
import { compileRule, type Program } from './program.ts';
import { parseRateLimit, RateLimitConfigError } from './rate-limit-config.ts';
import { bindList, type RulePath, ruleAt } from './rule-document.ts';
import { Rules } from './rules.ts';

/** The actions a namespace can have rules for. */
export const ACTIONS = ['view', 'create', 'update', 'delete'] as const satisfies readonly RuleAction[];

/** The system namespaces and other `$` keys that rules may be written for. */
const OPEN_TO_RULES: ReadonlySet<string> = new Set([
  '$users',
  '$files',
  '$default',
  '$streams',
  '$rateLimits',
]);

const RATE_LIMITS = '$rateLimits';

/** Everything that makes rules invalid; if there is any, none of them are accepted. */
export function ruleIssues(code: unknown): ValidationIssue[] {
  if (!isObject(code)) return [{ message: 'The rules must be an object', in: [] }];
  const document = code as JsonObject;
  return [
    ...bindIssues(document),
    ...Object.keys(document)
      .filter((etype) => etype !== RATE_LIMITS)
      .flatMap((etype) => ACTIONS.flatMap((action) => actionIssues(document, etype, action))),
    ...Object.keys(document).flatMap((etype) => fieldIssues(document, etype)),
    ...rateLimitIssues(document),
  ];
}

/**
 * Parses pushed rules; null stands for none.
 *
 * @throws {ServerError} `validation-failed` when they cannot be used.
 */
export function parseRules(code: unknown): Rules | null {
  if (code === null || code === undefined) return null;
  const issues = ruleIssues(code);
  if (issues.length > 0) throw validationFailed('rule', code, issues);
  return new Rules(structuredClone(code) as JsonObject);
}

function bindIssues(code: JsonObject): ValidationIssue[] {
  return Object.keys(code).flatMap((etype): ValidationIssue[] => {
    const list = bindList(code, etype);
    if (list.length % 2 !== 0) {
      return [{ message: 'bind should have an even number of elements', in: [etype, 'bind'] }];
    }
    const names = list.filter((_, i) => i % 2 === 0).map(String);
    const repeated = names.find((name, i) => names.indexOf(name) < i);
    if (repeated === undefined) return [];
    const message = 'bind should only contain a given variable name once';
    return [{ message, in: [etype, 'bind', repeated] }];
  });
}

function actionIssues(code: JsonObject, etype: string, action: (typeof ACTIONS)[number]): ValidationIssue[] {
  const path = [etype, 'allow', action];
  if (etype === '$users' && action === 'delete') {
    const rule = ruleAt(code, path);
    if (rule === undefined || rule === 'false') return [];
    const message =
      'The $users namespace doesn\'t support permissions for delete. Set `$users.allow.delete` to `"false"`.';
    return [{ message, in: path }];
  }
  if (etype.startsWith('$') && !OPEN_TO_RULES.has(etype)) {
    const message = `The ${etype} namespace is a reserved internal namespace that does not yet support rules.`;
    return [{ message, in: path }];
  }
  return expressionIssues(code, etype, action, path);
}

function fieldIssues(code: JsonObject, etype: string): ValidationIssue[] {
  const fields = ruleAt(code, [etype, 'fields']);
  if (!isObject(fields)) return [];
  return Object.keys(fields).flatMap((label): ValidationIssue[] => {
    if (label !== 'id') return expressionIssues(code, etype, 'view', [etype, 'fields', label]);
    const message = `You cannot set field rules for \`id\`. Use ${etype} -> allow -> view instead`;
    return [{ message, in: [etype, 'fields'] }];
  });
}

function expressionIssues(
  code: JsonObject,
  etype: string,
  action: RuleAction,
  path: RulePath,
): ValidationIssue[] {
  const rule = ruleAt(code, path);
  if (rule === undefined) return [];
  try {
    const messages = usageProblems(code, compileRule({ code, etype, action, rule }));
    return messages.map((message) => ({ message, in: [...path] }));
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    return [{ message: error.message, in: [...path] }];
  }
}

/** Problems visible in a rule's syntax rather than its types. */
function usageProblems(code: JsonObject, program: Program): string[] {
  const limits = ruleAt(code, [RATE_LIMITS]);
  const problems: string[] = [];
  for (const root of program.syntax) {
    eachNode(root, (node) => {
      if (node.op !== 'rcall') return;
      const [name, receiver, args] = node.args;
      if (name === 'ref' && receiver.op === 'id' && receiver.args === 'auth') {
        if (literalText(args[0])?.startsWith('$user.')) return;
        problems.push('auth.ref arg must start with `$user.`');
      }
      const bucket = bucketName(receiver);
      if (bucket === undefined || (isObject(limits) && Object.hasOwn(limits, bucket))) return;
      problems.push(
        `\`${bucket}\` is not a valid rate limit config. It should be defined in the \`${RATE_LIMITS}\` key.`,
      );
    });
  }
  return problems;
}

type Node = Program['syntax'][number];

/** The name in `rateLimit.name` or `rateLimit['name']`. */
function bucketName(node: Node): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [holder, key] = node.args;
  if (holder.op !== 'id' || holder.args !== 'rateLimit') return undefined;
  return typeof key === 'string' ? key : literalText(key);
}

function rateLimitIssues(code: JsonObject): ValidationIssue[] {
  const limits = ruleAt(code, [RATE_LIMITS]);
  if (limits === undefined) return [];
  if (!isObject(limits)) return [{ message: '$rateLimits must be an object', in: [RATE_LIMITS] }];
  return Object.entries(limits).flatMap(([name, config]): ValidationIssue[] => {
    try {
      parseRateLimit(config);
      return [];
    } catch (error) {
      if (!(error instanceof RateLimitConfigError)) throw error;
      return [{ message: error.message, in: [RATE_LIMITS, name] }];
    }
  });
}
