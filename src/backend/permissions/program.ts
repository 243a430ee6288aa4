import type { ASTNode } from '@marcbachmann/cel-js';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { compileExpression, type Variables } from './cel/compile.ts';
import type { RuleAction } from './cel/environments.ts';
import type { CelValue } from './cel/values.ts';
import { bindsOf, expressionText } from './rule-document.ts';

/** A compiled rule. */
export interface Program {
  readonly etype: string;
  readonly action: RuleAction;
  /** The expression, including the binds it uses. */
  readonly code: string;
  /** The rule as it was written. */
  readonly displayCode: string | boolean;
  readonly syntax: readonly ASTNode[];
  /** The result of the rule if it is the literal `true` or `false`. */
  readonly constant: boolean | undefined;
  /** Throws the error with which the evaluation fails. */
  evaluate(variables: Variables): CelValue;
}

/**
 * Compiles a rule of a rules document.
 *
 * @throws {RuleCompileError} that says what is wrong.
 */
export function compileRule(source: {
  code: JsonObject;
  etype: string;
  action: RuleAction;
  rule: JsonValue | undefined;
  display?: string | undefined;
}): Program {
  const { code, etype, action, rule } = source;
  const text = expressionText(rule);
  const expression = compileExpression(text, bindsOf(code, etype), action);
  const word = text.trim();
  return {
    etype,
    action,
    code: expression.code,
    displayCode: source.display ?? (typeof rule === 'boolean' ? rule : text),
    syntax: expression.syntax,
    constant: word === 'true' ? true : word === 'false' ? false : undefined,
    evaluate: expression.evaluate,
  };
}
