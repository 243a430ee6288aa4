import { hintAt } from '../../nearest.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { RuleCompileError } from './cel/compile-error.ts';
import type { RuleAction } from './cel/environments.ts';
import { eachNode } from './cel/syntax.ts';
import { compileRule, type Program } from './program.ts';
import { type RulePath, ruleAt } from './rule-document.ts';
import { ACTIONS } from './validate-rules.ts';

const SECTIONS: ReadonlySet<string> = new Set(['allow', 'bind', 'fields']);
const LINK_ACTIONS = ['link', 'unlink'] as const satisfies readonly RuleAction[];
const KEYS_OF_ALLOW: ReadonlySet<string> = new Set([...ACTIONS, ...LINK_ACTIONS, '$default']);
const NOT_NAMESPACES: ReadonlySet<string> = new Set(['$default', '$rateLimits', 'attrs']);

/**
 * Likely mistakes in rules that the server accepts silently: names that are never looked up, rules that it only
 * compiles when they are evaluated, and calls that always fail. Each is a sentence that says where.
 */
export function ruleWarnings(code: JsonObject, catalog: AttrCatalog): string[] {
  const etypes = Object.keys(code).filter((etype) => etype !== '$rateLimits');
  const known = [...new Set(catalog.list().map((attr) => attr['forward-identity'][1]))];
  return etypes.flatMap((etype) => [
    ...unknownNamespace(etype, known),
    ...unknownKeys(code, [etype], SECTIONS),
    ...unknownKeys(code, [etype, 'allow'], KEYS_OF_ALLOW),
    ...unknownLabels(code, etype, catalog),
    ...programWarnings(code, etype),
  ]);
}

/** Rules may be pushed before the schema, so this only warns once there are namespaces. */
function unknownNamespace(etype: string, known: readonly string[]): string[] {
  const own = known.filter((name) => !name.startsWith('$'));
  if (own.length === 0 || NOT_NAMESPACES.has(etype) || known.includes(etype)) return [];
  return [
    `${shown([etype])} has no effect yet: there is no such namespace. ${hintAt(etype, own, 'namespaces')}`,
  ];
}

function unknownKeys(code: JsonObject, path: RulePath, known: ReadonlySet<string>): string[] {
  return keysAt(code, path)
    .filter((key) => !known.has(key))
    .map((key) => `${shown([...path, key])} has no effect: the keys there are ${[...known].join(', ')}`);
}

function unknownLabels(code: JsonObject, etype: string, catalog: AttrCatalog): string[] {
  if (NOT_NAMESPACES.has(etype) || [...catalog.ofEtype(etype)].length === 0) return [];
  const isKnown = (label: string): boolean =>
    Boolean(catalog.byForward(etype, label) ?? catalog.byReverse(etype, label));
  const paths: RulePath[] = [[etype, 'fields'], ...LINK_ACTIONS.map((action) => [etype, 'allow', action])];
  return paths.flatMap((path) =>
    keysAt(code, path)
      .filter((label) => label !== '$default' && label !== 'id' && !isKnown(label))
      .map((label) => `${shown([...path, label])} has no effect yet: ${etype} has no "${label}"`),
  );
}

function programWarnings(code: JsonObject, etype: string): string[] {
  return [...ownRules(code, etype), ...defaultRules(code, etype)].flatMap(({ action, path, ...asked }) => {
    const rule = ruleAt(code, path);
    if (rule === undefined) return [];
    try {
      return linklessRefs(compileRule({ code, etype, action, rule })).map(
        (name) =>
          `${shown(path)} fails whenever it comes to \`${name}.ref\`: only data, linkedData and auth have links`,
      );
    } catch (error) {
      if (!(error instanceof RuleCompileError)) throw error;
      return asked.when === 'pushed' ? [] : [`${shown(path)} fails ${asked.when}: ${error.message}`];
    }
  });
}

/** A rule as it will be evaluated, and when the server compiles it, and so refuses it or fails. */
interface AskedRule {
  readonly action: RuleAction;
  readonly path: RulePath;
  readonly when: 'pushed' | `whenever ${string}`;
}

function ownRules(code: JsonObject, etype: string): AskedRule[] {
  const pushed = ACTIONS.map(
    (action): AskedRule => ({ action, path: [etype, 'allow', action], when: 'pushed' }),
  );
  const linked = LINK_ACTIONS.flatMap((action) =>
    keysAt(code, [etype, 'allow', action]).map(
      (label): AskedRule => ({ action, path: [etype, 'allow', action, label], when: 'whenever it is asked' }),
    ),
  );
  return [...pushed, ...linked];
}

/** The default rule of a namespace, once for each action without a rule of its own. */
function defaultRules(code: JsonObject, etype: string): AskedRule[] {
  return ACTIONS.filter((action) => ruleAt(code, [etype, 'allow', action]) === undefined).map((action) => ({
    action,
    path: [etype, 'allow', '$default'],
    when: `whenever it is asked for ${action}`,
  }));
}

/** The variables without links on which `ref` is called. */
function linklessRefs(program: Program): string[] {
  const names = new Set<string>();
  for (const root of program.syntax) {
    eachNode(root, (node) => {
      if (node.op !== 'rcall' || node.args[0] !== 'ref') return;
      const [, receiver] = node.args;
      if (receiver.op === 'id' && ['newData', 'ruleParams', 'actions'].includes(receiver.args))
        names.add(receiver.args);
    });
  }
  return [...names];
}

function keysAt(code: JsonObject, path: RulePath): string[] {
  const found = ruleAt(code, path);
  return isObject(found) ? Object.keys(found) : [];
}

function shown(path: RulePath): string {
  return `The rule \`${path.join('.')}\``;
}
