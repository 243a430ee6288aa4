import {
  type DataAttrDef,
  type EntitiesDef,
  type EntitiesWithLinks,
  type EntityDef,
  type InstantSchemaDef,
  i,
  type LinksDef,
  type TxChunk,
  txInit,
} from '@instantdb/node';

// The types below say in full what core infers from `i.schema`, which a user need not do: isolatedDeclarations wants
// it of what a module exports. `conformance/types` tests the inference.

type Plain<Attrs extends Record<string, DataAttrDef<unknown, boolean, boolean, boolean>>> = EntityDef<
  Attrs,
  Record<never, never>,
  void
>;

type Entities = {
  goals: Plain<{
    title: DataAttrDef<string, true, false>;
    priority: DataAttrDef<number, false, true>;
    due: DataAttrDef<Date, false, true>;
    slug: DataAttrDef<string, false, true, true>;
    details: DataAttrDef<Record<string, unknown>, false, false>;
  }>;
  authors: Plain<{ name: DataAttrDef<string, true, false> }>;
};

type Links = {
  readonly goalAuthor: {
    readonly forward: { readonly on: 'goals'; readonly has: 'one'; readonly label: 'author' };
    readonly reverse: { readonly on: 'authors'; readonly has: 'many'; readonly label: 'goals' };
  };
};

type Rooms = {
  chat: {
    presence: Plain<{ nickname: DataAttrDef<string, true, false> }>;
    topics: { wave: Plain<{ hand: DataAttrDef<string, true, false> }> };
  };
};

export type Schema = InstantSchemaDef<EntitiesWithLinks<Entities, Links>, LinksDef<EntitiesDef>, Rooms>;

/** The schema of the client tests: goals have one author each, authors any number of goals. */
export const schema: Schema = i.schema({
  entities: {
    goals: i.entity({
      title: i.string(),
      priority: i.number().indexed().optional(),
      due: i.date().indexed().optional(),
      slug: i.string().unique().indexed().optional(),
      details: i.json<Record<string, unknown>>().optional(),
    }),
    authors: i.entity({ name: i.string() }),
  },
  links: {
    goalAuthor: {
      forward: { on: 'goals', has: 'one', label: 'author' },
      reverse: { on: 'authors', has: 'many', label: 'goals' },
    },
  },
  rooms: {
    chat: {
      presence: i.entity({ nickname: i.string() }),
      topics: { wave: i.entity({ hand: i.string() }) },
    },
  },
});

const tx: TxChunk<Schema> = txInit<Schema>();

/** The start of a change of one goal, by id or `lookup`. */
export function goal(id: string): TxChunk<Schema>['goals'][string] {
  return present(tx.goals[id]);
}

/** The start of a change of one author, by id or `lookup`. */
export function author(id: string): TxChunk<Schema>['authors'][string] {
  return present(tx.authors[id]);
}

/** Core's `tx` has every id, which a type of its kind cannot say. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('Cannot start a change: tx has no such entity');
  return value;
}
