/** The namespace that is measured. */
export const NAMESPACE = 'tasks';

const attr = (valueType, indexed) => ({ valueType, required: false, config: { indexed, unique: false } });

/** As `i.schema` would give it: one indexed attribute and two others. */
export const SCHEMA = {
  entities: {
    [NAMESPACE]: {
      attrs: { group: attr('string', true), title: attr('string', false), done: attr('boolean', false) },
    },
  },
  links: {},
  rooms: {},
};

/** The values of the entity at `index`, of which `groupSize` after one another are in one group. */
export function valuesAt(index, groupSize) {
  return {
    group: groupOf(Math.floor(index / groupSize)),
    title: `Task ${index}: ask about the delivery`,
    done: index % 2 === 0,
  };
}

/** The name of a group. */
function groupOf(index) {
  return `group-${index}`;
}

/** The indexed lookup that is measured: the entities of one group. */
export function groupQuery(index) {
  return { [NAMESPACE]: { $: { where: { group: groupOf(index) } } } };
}
