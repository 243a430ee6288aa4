import { isObject } from '../../src/protocol/json.ts';
import { unknownAnswerParts, unknownErrorParts, unknownKeys, unknownOutcomeParts } from './known-parts.ts';
import type { AnyPermCase, QueryStep, TransactStep } from './perm-case.ts';

// What a runner does not know of a case would be passed over in silence: such a case is not run.

const TOLD = ['id', 'source', 'testing', 'notes', 'flags', 'tags', 'permissions', 'action', 'expect'];
const APP = ['dataset', 'setup', 'names', 'rules', 'auth', 'layer'];
const ASKED = ['query', 'cursors', 'inference', 'layer', 'auth', 'steps', 'api', 'via'];

const OF_ACTION: Readonly<Record<string, readonly string[]>> = {
  transact: ASKED,
  query: ASKED,
  sequence: ['sequence'],
  'validate-rules': [],
  'cel-eval': ['code', 'ruleAction', 'bindings', 'requestTime'],
  signup: ['via', 'request'],
  'file-upload': ['via', 'request', 'impersonate'],
  'file-delete': ['via', 'request', 'impersonate'],
};

const REQUEST: Readonly<Record<string, readonly string[]>> = {
  signup: ['email', 'sub', 'extraFields'],
  'file-upload': ['path', 'content-type', 'bytes'],
  'file-delete': ['filename', 'filenames'],
};

const EXPECT: Readonly<Record<string, readonly string[]>> = {
  sequence: ['perStep'],
  'validate-rules': ['ruleErrors'],
  'cel-eval': ['result', 'compiles', 'error', 'compileError'],
  signup: ['allowed', 'status', 'created', 'user', 'error'],
  'file-upload': ['allowed', 'status', 'error'],
  'file-delete': ['allowed', 'status', 'error', 'deletedCount'],
};

const FLAGS = [
  ...['no-id-triple', 'raw-transact', 'storage-specific-error', 'client-engine', 'create-file'],
  ...['create-user', 'link-guest', 'upload-file', 'auth-extra-fields', 'reads-attrs'],
];

/** What of a case of `perm-cases.json` is unknown to its runner, as `kind.key`. */
export function unknownPermCaseParts(testCase: AnyPermCase): string[] {
  const { action } = testCase;
  const known = OF_ACTION[action];
  if (!known) return [`action.${action}`];
  return [
    ...unknownKeys('case', testCase, [...TOLD, ...APP, ...known]),
    ...(testCase.flags ?? []).filter((flag) => !FLAGS.includes(flag)).map((flag) => `flags.${flag}`),
    ...('request' in testCase ? unknownKeys('request', testCase.request, REQUEST[action] ?? []) : []),
    ...unknownExpectations(testCase),
  ];
}

function unknownExpectations(testCase: AnyPermCase): string[] {
  if (testCase.action !== 'sequence' && !isObject(testCase.expect)) return ['case.expect'];
  switch (testCase.action) {
    case 'transact':
    case 'query':
      return unknownOfStep(testCase);
    case 'sequence':
      return [...unknownKeys('sequence', testCase.expect, EXPECT.sequence ?? []), ...unknownSteps(testCase)];
    default: {
      const error = 'error' in testCase.expect ? testCase.expect.error : undefined;
      return [
        ...unknownKeys('expect', testCase.expect, EXPECT[testCase.action] ?? []),
        ...(error ? unknownErrorParts(error) : []),
      ];
    }
  }
}

function unknownSteps({ sequence }: { sequence?: (TransactStep | QueryStep)[] }): string[] {
  return (sequence ?? []).flatMap((step) =>
    step.action === 'transact' || step.action === 'query'
      ? [...unknownKeys('step', step, [...TOLD, ...ASKED]), ...unknownOfStep(step)]
      : [`step.action.${(step as { action?: string }).action}`],
  );
}

function unknownOfStep(step: TransactStep | QueryStep): string[] {
  return step.action === 'transact' ? unknownOutcomeParts(step.expect) : unknownAnswerParts(step.expect);
}
