import { signaturesOf } from './operator-signatures.ts';
import { publicName } from './public-names.ts';

/** An invalid expression; the message is worded like that of Instant's server. */
export class RuleCompileError extends Error {
  override readonly name = 'RuleCompileError';
}

/** Translates an error of the evaluator's parser or type checker. */
export function compileError(error: unknown): RuleCompileError {
  if (error instanceof RuleCompileError) return error;
  return new RuleCompileError(messageOf(error), { cause: error });
}

function messageOf(error: unknown): string {
  const { code, summary, message } = error as { code?: unknown; summary?: unknown; message?: unknown };
  const text = String(summary ?? message ?? error);
  const subject = /: (.+)$/.exec(text)?.[1] ?? text;
  switch (code) {
    case 'unknown_variable':
      return undeclared(subject).message;
    case 'no_such_key':
      return `undefined field '${subject}'`;
    case 'no_such_overload':
      return operatorMessage(subject) ?? text;
    case 'no_matching_overload':
      return functionMessage(text) ?? text;
    default:
      return text;
  }
}

function operatorMessage(subject: string): string | undefined {
  const [, left, operator, right] = /^(.+?) (==|!=|<=|>=|<|>|in|[-+*/%]) (.+)$/.exec(subject) ?? [];
  if (left !== undefined && operator !== undefined && right !== undefined) {
    const name = operator === 'in' ? '@in' : `_${operator}_`;
    return noOverloadMessage(name, `(${typeName(left)}, ${typeName(right)})`);
  }
  const [, unary, operand] = /^([!-])(.+)$/.exec(subject) ?? [];
  if (unary === undefined || operand === undefined) return undefined;
  return noOverloadMessage(`${unary}_`, `(${typeName(operand)})`);
}

function functionMessage(text: string): string | undefined {
  const [, receiver = '', name, args] =
    /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(text) ?? [];
  if (name === undefined || args === undefined) return undefined;
  const types = `${receiver && `${typeName(receiver)}.`}(${typeName(args)})`;
  return noOverloadMessage(publicName(name), types);
}

/** A name is not declared. */
export function undeclared(name: string): RuleCompileError {
  return new RuleCompileError(`undeclared reference to '${name}' (in container '')`);
}

/** An operator or function does not accept its operands. */
export function noOverload(name: string, types: string): RuleCompileError {
  return new RuleCompileError(noOverloadMessage(name, types));
}

function noOverloadMessage(name: string, types: string): string {
  return `found no matching overload for '${name}' applied to '${types}'${signaturesOf(name)}`;
}

function typeName(type: string): string {
  return type.replaceAll('<', '(').replaceAll('>', ')');
}
