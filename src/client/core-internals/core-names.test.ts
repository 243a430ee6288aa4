import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { coreClasses } from '../core-internals.ts';
import { found, membersOf, parsed, privateMembersOf } from './core-texts.fixture.ts';

const client = fileURLToPath(new URL('../', import.meta.url));

const files = readdirSync(client, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(path))
  .filter((path) => path !== 'core-internals.ts' && !path.startsWith('core-internals/'));

const sourceOf = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(client + path, 'utf8'), ts.ScriptTarget.Latest, true);

/** The class over core's `Reactor`, and what joins its parts to it. */
const isReactors = (path: string): boolean => path.startsWith('reactor/');
const reactors = files.filter(isReactors).map(sourceOf);
const others = files.filter((path) => !isReactors(path)).map(sourceOf);

const underscored = new Set(
  Object.values(coreClasses).flatMap(({ members }) =>
    Object.keys(members).filter((name) => /^_\w+$/.test(name)),
  ),
);

test('members of core that are underscored are named beside the class over its reactor alone', () => {
  const names = others.flatMap((source) =>
    found(source, (node) => ts.isIdentifier(node) || ts.isStringLiteralLike(node))
      .filter(({ text }) => underscored.has(text))
      .map(({ text }) => `${source.fileName}: ${text}`),
  );
  expect(names).toEqual([]);
});

test('no interface restates what core declares private', () => {
  const classes = Object.entries(coreClasses).map(([className, { module, members }]) => ({
    className,
    registered: new Set(Object.keys(members)),
    hidden: privateMembersOf(module, className),
  }));
  expect(classes.find(({ className }) => className === 'SyncTable')?.hidden).toContain('idToHash');
  const restated = others.flatMap((source) =>
    found(source, (node) => ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)).flatMap(
      ({ members }) => {
        const names = members.flatMap((member) => member.name?.getText() ?? []);
        return classes.flatMap(({ className, registered, hidden }) => {
          const same = names.filter((name) => registered.has(name));
          // One alone may be an accident.
          if (same.length < 2 || !same.some((name) => hidden.has(name))) return [];
          return `${source.fileName}: ${same.join(', ')} of ${className}`;
        });
      },
    ),
  );
  expect(restated).toEqual([]);
});

test("what the client takes of core's reactor is registered", () => {
  const reactor = coreClasses.Reactor;
  const cores = membersOf(parsed(reactor?.module ?? ''), 'Reactor');
  const taken = reactors.flatMap((source) => [
    ...found(source, ts.isPropertyAccessExpression)
      .filter(({ expression }) => isReactor(expression))
      .map(({ name }) => name.text),
    ...found(source, ts.isClassElement).flatMap((member) => member.name?.getText() ?? []),
    ...found(source, ts.isBindingElement)
      .filter(({ parent }) => isOfReactor(parent))
      .map(({ propertyName, name }) => (propertyName ?? name).getText()),
  ]);
  // Methods that calls are kept out of, or checked before, are named in lists.
  taken.push(...others.flatMap((source) => found(source, ts.isStringLiteralLike).map(({ text }) => text)));
  expect(taken).toContain('_startSocket');
  const unregistered = taken.filter(
    (name) => cores.has(name) && !Object.hasOwn(reactor?.members ?? {}, name),
  );
  expect([...new Set(unregistered)]).toEqual([]);
});

/** Whether an expression stands for a reactor: the class itself, or what parts call core's. */
function isReactor(expression: ts.Expression): boolean {
  const { kind } = expression;
  if (kind === ts.SyntaxKind.ThisKeyword || kind === ts.SyntaxKind.SuperKeyword) return true;
  return /^(this\.#)?(core|reactor)$/.test(expression.getText());
}

/** Whether a pattern takes a reactor apart. */
function isOfReactor({ parent }: ts.BindingPattern): boolean {
  return ts.isVariableDeclaration(parent) && !!parent.initializer && isReactor(parent.initializer);
}
