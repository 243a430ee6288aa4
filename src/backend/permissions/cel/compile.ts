import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { type Binds, neededBinds, withBinds } from './binds.ts';
import { compareLikeKinds } from './comparisons.ts';
import { compileError, RuleCompileError } from './compile-error.ts';
import { environmentFor, MAX_EXPRESSION_LENGTH, type RuleAction } from './environments.ts';
import { loseWhatServerLoses } from './json-values.ts';
import { meterNodes } from './meter-nodes.ts';
import { replaceCalls } from './replace-calls.ts';
import type { CelValue } from './values.ts';

/** The variables of one evaluation, by name. */
export type Variables = ReadonlyMap<string, CelValue>;

/** A compiled expression. */
export interface Expression {
  /** The expression with its binds inlined. */
  readonly code: string;
  /** The expression and the binds it needs, as written. */
  readonly syntax: readonly ASTNode[];
  /** Throws the error with which the evaluation fails. */
  evaluate(variables: Variables): CelValue;
}

/**
 * Compiles an expression of a rule for `action`.
 *
 * @throws {RuleCompileError} that says what is wrong.
 */
export function compileExpression(code: string, binds: Binds, action: RuleAction): Expression {
  assertLength(code);
  let environment = environmentFor(action);
  const needed = neededBinds(environment, code, binds);
  const compiled = new Map<string, ParseResult>();
  for (const name of needed) {
    const { parsed, type } = prepare(environment, binds.get(name) ?? '');
    compiled.set(name, parsed);
    environment = withVariable(environment, name, type);
  }
  const { parsed } = prepare(environment, code);
  return {
    code: withBinds(code, needed, binds),
    syntax: [parsed, ...compiled.values()].map(({ ast }) => ast),
    evaluate: (variables) => parsed(new Scope(variables, compiled)),
  };
}

function assertLength(code: string): void {
  if (code.length <= MAX_EXPRESSION_LENGTH) return;
  throw new RuleCompileError(
    `The expression has ${code.length} characters; ${MAX_EXPRESSION_LENGTH} are the most`,
  );
}

function prepare(environment: Environment, code: string): { parsed: ParseResult; type: string } {
  assertLength(code);
  try {
    const parsed = environment.parse(code);
    replaceCalls(parsed.ast);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error;
    compareLikeKinds(parsed.ast);
    loseWhatServerLoses(parsed.ast);
    meterNodes(parsed.ast);
    return { parsed, type: type ?? 'dyn' };
  } catch (error) {
    throw compileError(error);
  }
}

/** Matches the type variable of an empty list or map. */
const OPEN_TYPE = /\b[A-Z]\b/;

function withVariable(environment: Environment, name: string, type: string): Environment {
  try {
    return environment.clone().registerVariable(name, OPEN_TYPE.test(type) ? 'dyn' : type);
  } catch (cause) {
    throw new RuleCompileError(`\`${name}\` cannot be the name of a bind`, { cause });
  }
}

/** The variables of an evaluation, including binds, which are evaluated on first use. */
class Scope extends Map<string, CelValue> {
  readonly #variables: Variables;
  readonly #binds: ReadonlyMap<string, ParseResult>;

  constructor(variables: Variables, binds: ReadonlyMap<string, ParseResult>) {
    super();
    this.#variables = variables;
    this.#binds = binds;
  }

  override get(name: string): CelValue {
    if (super.has(name)) return super.get(name);
    const bind = this.#binds.get(name);
    if (!bind) return this.#variables.get(name);
    const value: CelValue = bind(this);
    super.set(name, value);
    return value;
  }
}
