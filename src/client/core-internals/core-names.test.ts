import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { coreClasses } from '../core-internals.ts';
import { membersOf, parsed, privateMembersOf } from './core-texts.fixture.ts';

/** The class over core's `Reactor`, as long as it is several, and parts of it that still know core's names. */
const REACTORS: readonly string[] = [
  'caching-reactor.ts',
  'discreet-reactor.ts',
  'queries/query-reactor.ts',
  'queue-reactor.ts',
  'reactor.ts',
  'write-reactor.ts',
  'writes/sending-reactor.ts',
];
const STILL_ALLOWED: readonly string[] = [
  // What it asks of the reactor has core's names.
  'queries/live-answers.ts',
  // The timers of saving.
  'saving.ts',
];

const client = fileURLToPath(new URL('../', import.meta.url));

const files = readdirSync(client, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(path))
  .filter((path) => path !== 'core-internals.ts' && !path.startsWith('core-internals/'));

const sourceOf = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(client + path, 'utf8'), ts.ScriptTarget.Latest, true);

const others = files
  .filter((path) => !REACTORS.includes(path) && !STILL_ALLOWED.includes(path))
  .map(sourceOf);

function found<Kind extends ts.Node>(within: ts.Node, isKind: (node: ts.Node) => node is Kind): Kind[] {
  const nodes: Kind[] = [];
  const visit = (node: ts.Node): void => {
    if (isKind(node)) nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(within);
  return nodes;
}

const underscored = new Set(
  Object.values(coreClasses).flatMap(({ members }) =>
    Object.keys(members).filter((name) => /^_\w+$/.test(name)),
  ),
);

test('members of core that are underscored are named by the class over its reactor alone', () => {
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

test("what the class over core's reactor takes of it is registered", () => {
  const reactor = coreClasses.Reactor;
  const cores = membersOf(parsed(reactor?.module ?? ''), 'Reactor');
  const taken = REACTORS.map(sourceOf).flatMap((source) => [
    ...found(source, ts.isPropertyAccessExpression)
      .filter(
        ({ expression: { kind } }) =>
          kind === ts.SyntaxKind.ThisKeyword || kind === ts.SyntaxKind.SuperKeyword,
      )
      .map(({ name }) => name.text),
    ...found(source, ts.isClassElement).flatMap((member) => member.name?.getText() ?? []),
    ...found(source, ts.isBindingElement)
      .filter(({ parent }) => isOfThis(parent))
      .map(({ propertyName, name }) => (propertyName ?? name).getText()),
  ]);
  expect(taken).toContain('_startSocket');
  const unregistered = taken.filter(
    (name) => cores.has(name) && !Object.hasOwn(reactor?.members ?? {}, name),
  );
  expect([...new Set(unregistered)]).toEqual([]);
});

/** Whether a pattern takes apart `this`. */
function isOfThis({ parent }: ts.BindingPattern): boolean {
  return ts.isVariableDeclaration(parent) && parent.initializer?.kind === ts.SyntaxKind.ThisKeyword;
}
