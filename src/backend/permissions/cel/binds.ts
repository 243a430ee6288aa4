import type { Environment } from '@marcbachmann/cel-js';
import { compileError, RuleCompileError } from './compile-error.ts';
import { namesIn } from './syntax.ts';

/** Named expressions that a rule may use. */
export type Binds = ReadonlyMap<string, string>;

/**
 * The binds that an expression needs, directly or by way of others, each after those that it needs itself.
 *
 * @throws {RuleCompileError} when one of them cannot be read, or when they need each other in a circle.
 */
export function neededBinds(environment: Environment, expression: string, binds: Binds): string[] {
  if (binds.size === 0) return [];
  const needsOf = (code: string): string[] => {
    try {
      return [...namesIn(environment.parse(code).ast)].filter((name) => binds.has(name));
    } catch (error) {
      throw compileError(error);
    }
  };
  const ordered: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    if (path.includes(name)) {
      throw new RuleCompileError(`The binds have a cyclic dependency ${[...path, name].join(' -> ')}`);
    }
    for (const next of needsOf(binds.get(name) ?? '')) visit(next, [...path, name]);
    done.add(name);
    ordered.push(name);
  };
  for (const name of needsOf(expression)) visit(name, []);
  return ordered;
}

/** The expression with its binds written into it, as the server shows it. */
export function withBinds(expression: string, needed: readonly string[], binds: Binds): string {
  return needed.reduceRight((body, name) => `cel.bind(${name}, ${binds.get(name)}, ${body})`, expression);
}
