import type { Environment } from '@marcbachmann/cel-js';
import { compileError, RuleCompileError } from './compile-error.ts';
import { serverOrder } from './server-order.ts';
import { namesIn } from './syntax.ts';

/** Named expressions that a rule can use. */
export type Binds = ReadonlyMap<string, string>;

/**
 * The binds that an expression needs, directly or through others, each after the ones it needs itself.
 *
 * @throws {RuleCompileError} when one of them cannot be parsed, or when they depend on each other in a cycle.
 */
export function neededBinds(environment: Environment, expression: string, binds: Binds): string[] {
  if (binds.size === 0) return [];
  const needs = new Map<string, readonly string[]>();
  const needed = new Set(namesOfBinds(environment, expression, binds));
  // Iterating over a set includes elements added meanwhile.
  for (const name of needed) {
    const names = namesOfBinds(environment, binds.get(name) ?? '', binds);
    needs.set(name, names);
    for (const next of names) needed.add(next);
  }
  return ordered(serverOrder([...needed]), needs);
}

function namesOfBinds(environment: Environment, code: string, binds: Binds): string[] {
  try {
    return serverOrder([...namesIn(environment.parse(code).ast)].filter((name) => binds.has(name)));
  } catch (error) {
    throw compileError(error);
  }
}

function ordered(names: readonly string[], needs: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    if (path.includes(name)) {
      throw new RuleCompileError(`The binds have a cyclic dependency ${[...path, name].join(' -> ')}`);
    }
    for (const next of needs.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
  return [...done];
}

/** The expression with its binds inlined, as the server shows it. */
export function withBinds(expression: string, needed: readonly string[], binds: Binds): string {
  return needed.reduceRight((body, name) => `cel.bind(${name}, ${binds.get(name)}, ${body})`, expression);
}
