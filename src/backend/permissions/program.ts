import type { ASTNode } from '@marcbachmann/cel-js';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { compileExpression, type Variables } from './cel/compile.ts';
import type { RuleAction } from './cel/environments.ts';
import type { CelValue } from './cel/values.ts';
import { bindsOf, expressionText } from './rule-document.ts';

/** A rule that is ready to be asked. */
export interface Program {
  readonly etype: string;
  readonly action: RuleAction;
  /** The expression with the binds that it uses. */
  readonly code: string;
  /** The rule as it was written. */
  readonly displayCode: string | boolean;
  readonly syntax: readonly ASTNode[];
  /** What the rule comes to where it needs no evaluation for that. */
  readonly constant: boolean | undefined;
  /** Throws whatever the evaluation fails with. */
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
