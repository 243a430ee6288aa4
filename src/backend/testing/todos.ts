import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { Backend } from '../backend.ts';
import type { BackendApp } from '../backend-app.ts';
import type { Message } from './raw-session.ts';

const blob = (valueType: string, indexed = false) => ({
  valueType,
  required: false,
  config: { indexed, unique: false },
});

/** Two namespaces and a link, in the form that `i.schema` yields. */
export const todoSchema: JsonObject = {
  entities: {
    todos: { attrs: { text: blob('string'), position: blob('number', true) } },
    people: { attrs: { name: blob('string') } },
  },
  links: {
    todoOwner: {
      forward: { on: 'todos', label: 'owner', has: 'one' },
      reverse: { on: 'people', label: 'todos', has: 'many' },
    },
  },
  rooms: {},
};

/** An app with {@link todoSchema}, and steps for it. For tests. */
export interface TodoApp {
  readonly app: BackendApp;
  /** The id of an attribute. */
  attr(etype: string, label: string): string;
  /** The steps that create or change an entity. */
  put(etype: string, id: string, values: Record<string, JsonValue>): JsonValue;
}

export function createTodoApp(backend: Backend): TodoApp {
  const app = backend.createApp({ schema: todoSchema });
  const ids = new Map(
    app.snapshot().attrs.map((attr) => [attr['forward-identity'].slice(1).join('.'), attr.id] as const),
  );
  const attr = (etype: string, label: string): string => {
    const id = ids.get(`${etype}.${label}`);
    if (id === undefined) throw new Error(`There is no ${etype}.${label}`);
    return id;
  };
  return {
    app,
    attr,
    put: (etype, id, values) =>
      Object.entries({ id, ...values }).map(([label, v]) => ['add-triple', id, attr(etype, label), v]),
  };
}

type JoinRows = [{ data: { 'datalog-result': { 'join-rows': JsonValue[][][] } } }];

/** The values of one attribute in a result, sorted. */
export function valuesOf(result: JsonValue | undefined, attrId: string): JsonValue[] {
  const [{ data }] = result as unknown as JoinRows;
  const triples = data['datalog-result']['join-rows'].flat();
  return triples.flatMap(([, a, v]) => (a === attrId && v !== undefined ? [v] : [])).sort();
}

/** The computations of a `refresh-ok`. */
export function computationsOf(message: Message): Record<string, JsonValue>[] {
  return message.computations as unknown as Record<string, JsonValue>[];
}
