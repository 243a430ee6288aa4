import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import ts from 'typescript';
import { coreClasses, coreFunctions } from '../core-internals.ts';

/** Where a text begins and ends. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A registered member, or function, of core. */
export interface Registered {
  /** As it is called where it has changed. */
  readonly name: string;
  readonly module: string;
  /** What its text consists of, in the module's; nothing when it is not there. */
  spansIn(source: ts.SourceFile): Span[];
}

const root = dirname(createRequire(import.meta.url).resolve('@instantdb/core/package.json'));

/** The version of core that is installed. */
export const coreVersion: string = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version;

/** The text of one of the ES modules that core ships. */
export function textOfModule(module: string): string {
  return readFileSync(`${root}/dist/esm/${module}`, 'utf8');
}

/** A module of core that may have another text than the shipped one. */
export function parsed(module: string, text: string = textOfModule(module)): ts.SourceFile {
  return ts.createSourceFile(module, text, ts.ScriptTarget.Latest, true);
}

/** Everything that core-internals.ts registers. */
export const registered: readonly Registered[] = [
  ...Object.entries(coreClasses).flatMap(([className, { module, members }]) =>
    Object.keys(members).map((member) => ({
      name: `${className}.${member}`,
      module,
      spansIn: (source: ts.SourceFile) => spansOfMember(source, className, member),
    })),
  ),
  ...Object.entries(coreFunctions).flatMap(([module, functions]) =>
    Object.keys(functions).map((name) => ({
      name: `${module} ${name}()`,
      module,
      spansIn: (source: ts.SourceFile) => spansOfFunction(source, name),
    })),
  ),
];

/** A hash of a registered text; nothing when it is not there. */
export function hashOf({ spansIn }: Registered, source: ts.SourceFile): string | undefined {
  const spans = spansIn(source);
  if (spans.length === 0) return undefined;
  const text = spans.map(({ start, end }) => source.text.slice(start, end)).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The hashes of what is registered of one module, by name. */
export function hashesOf(source: ts.SourceFile): Record<string, string> {
  const own = registered.filter(({ module }) => module === source.fileName);
  return Object.fromEntries(
    own.flatMap((one) => {
      const hash = hashOf(one, source);
      return hash ? [[one.name, hash] as const] : [];
    }),
  );
}

/** The hashes of everything that is registered, by name. */
export function hashesOfCore(): Record<string, string> {
  const modules = new Set(registered.map(({ module }) => module));
  return Object.assign({}, ...[...modules].map((module) => hashesOf(parsed(module))));
}

/** What is to be read again, or written down, when core's hashes are `now` and were `before`; a line each. */
export function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  among: readonly Registered[] = registered,
): string[] {
  const names = new Set(among.map(({ name }) => name));
  return [
    ...[...names].flatMap((name) => {
      if (!now[name]) return [`${name} is gone`];
      if (!before[name]) return [`${name} has no hash yet`];
      return before[name] === now[name] ? [] : [`${name} has changed`];
    }),
    ...Object.keys(before).flatMap((name) => (names.has(name) ? [] : [`${name} is registered no more`])),
  ];
}

const BRANCH = /^(\w+) (?:case "(.+)"|default)$/;

function spansOfMember(source: ts.SourceFile, className: string, member: string): Span[] {
  const owner = classIn(source, className);
  if (!owner) return [];
  const [, handler, label] = BRANCH.exec(member) ?? [];
  if (handler === undefined) return spansOf(source, owner, member);
  return owner.members
    .filter((one) => nameOf(one) === handler)
    .flatMap(clausesIn)
    .filter((clause) => labelOf(clause) === label)
    .map((clause) => spanOf(clause, source));
}

/** The spans of one member: what declares it, without branches, and where it has no value there, what gives it one. */
function spansOf(source: ts.SourceFile, owner: ts.ClassDeclaration, name: string): Span[] {
  const declared = owner.members.filter((member) => nameOf(member) === name);
  const hasValue = declared.some((member) => !ts.isPropertyDeclaration(member) || member.initializer);
  return [
    ...declared.flatMap((member) =>
      isHandler(member) ? aroundClauses(member, source) : spanOf(member, source),
    ),
    ...(hasValue ? [] : (assignmentsIn(owner).get(name) ?? []).map((one) => spanOf(one, source))),
  ];
}

function spansOfFunction(source: ts.SourceFile, name: string): Span[] {
  return source.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement) && statement.name?.text === name)
      return spanOf(statement, source);
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations
      .filter((declaration) => declaration.name.getText() === name)
      .map((declaration) => spanOf(declaration, source));
  });
}

function classIn(source: ts.SourceFile, name: string): ts.ClassDeclaration | undefined {
  return source.statements.filter(ts.isClassDeclaration).find((one) => one.name?.text === name);
}

/** The names of all members of one of core's classes, declared or not. */
export function membersOf(source: ts.SourceFile, className: string): Set<string> {
  const owner = classIn(source, className);
  const assigned = owner ? assignmentsIn(owner).keys() : [];
  return new Set([...(owner?.members ?? []).flatMap((member) => nameOf(member) ?? []), ...assigned]);
}

/** The names of those members of one of core's classes that its types declare private. */
export function privateMembersOf(module: string, className: string): Set<string> {
  const types = module.replace(/\.js$/, '.d.ts');
  const owner = classIn(parsed(types), className);
  const hidden = owner?.members.filter(
    (member) => ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private,
  );
  return new Set(hidden?.flatMap((member) => nameOf(member) ?? []));
}

function nameOf(member: ts.ClassElement): string | undefined {
  return ts.isConstructorDeclaration(member) ? 'constructor' : member.name?.getText();
}

/** Whether the branches of a member are members of their own: those of the handler of messages. */
function isHandler(member: ts.ClassElement): boolean {
  return nameOf(member) === '_handleReceive';
}

function clausesIn(member: ts.ClassElement): ts.CaseOrDefaultClause[] {
  const [block] = found(member, ts.isCaseBlock);
  return [...(block?.clauses ?? [])];
}

function labelOf(clause: ts.CaseOrDefaultClause): string | undefined {
  return ts.isCaseClause(clause) && ts.isStringLiteral(clause.expression)
    ? clause.expression.text
    : undefined;
}

/** What is left of a member without what its branches do; their labels are left, so that a new one is seen. */
function aroundClauses(member: ts.ClassElement, source: ts.SourceFile): Span[] {
  let { start } = spanOf(member, source);
  const spans: Span[] = [];
  for (const clause of clausesIn(member)) {
    const end = ts.isCaseClause(clause) ? clause.expression.getEnd() : clause.getStart(source);
    spans.push({ start, end });
    start = clause.getEnd();
  }
  return [...spans, { start, end: member.getEnd() }];
}

const assignments: WeakMap<ts.ClassDeclaration, Map<string, ts.BinaryExpression[]>> = new WeakMap();

/** Where a class sets fields of its own, by their names. */
function assignmentsIn(owner: ts.ClassDeclaration): Map<string, ts.BinaryExpression[]> {
  const known = assignments.get(owner);
  if (known) return known;
  const made = new Map<string, ts.BinaryExpression[]>();
  for (const one of found(owner, ts.isBinaryExpression).filter(isAssignment)) {
    const name = thisField(one.left);
    if (name !== undefined) made.set(name, [...(made.get(name) ?? []), one]);
  }
  assignments.set(owner, made);
  return made;
}

function isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function thisField(node: ts.Node): string | undefined {
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  return node.expression.kind === ts.SyntaxKind.ThisKeyword ? node.name.text : undefined;
}

/** The nodes of a kind within another, in order. */
export function found<Kind extends ts.Node>(
  within: ts.Node,
  isKind: (node: ts.Node) => node is Kind,
): Kind[] {
  const nodes: Kind[] = [];
  const visit = (node: ts.Node): void => {
    if (isKind(node)) nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(within);
  return nodes;
}

function spanOf(node: ts.Node, source: ts.SourceFile): Span {
  return { start: node.getStart(source), end: node.getEnd() };
}
