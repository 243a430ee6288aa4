import { expect, test } from 'vitest';
import { debugLine, isNamedIn } from './debug-output.ts';

test.each(['instant', 'INSTANT', 'http,instant', 'http, instant', '*', 'inst*', 'i*t', '*stant,fs'])(
  'isNamedIn() finds the section in "%s"',
  (sections) => {
    expect(isNamedIn(sections)).toBe(true);
  },
);

test.each([undefined, '', 'http', 'instantly', 'instan', 'inst.nt', '(', 'in*stantly'])(
  'isNamedIn() does not find it in "%s"',
  (sections) => {
    expect(isNamedIn(sections)).toBe(false);
  },
);

test('debugLine() gives a message in one line, and quotes what would not stay one word', () => {
  const payload = {
    appId: 'a',
    instanceKey: '',
    shape: '{ goals }',
    namespaces: ['goals', 'a b'],
    changes: 2,
    durationMs: 1.2345,
    isLeft: true,
    eventId: undefined,
    error: { name: 'Error', code: 'timeout' },
  };
  expect(debugLine('instant:query', payload)).toBe(
    'instant:query appId=a instanceKey="" shape="{ goals }" namespaces=goals,"a b" changes=2 durationMs=1.2 isLeft=true error=timeout',
  );
});

test('debugLine() lets no text break the line', () => {
  expect(debugLine('instant:connection', { closeReason: 'bye\nINSTANT 1: "x"' })).toBe(
    'instant:connection closeReason="bye\\nINSTANT 1: \\"x\\""',
  );
});
