import { describe, expect, test } from 'vitest';
import { TestApp, uuid } from './test-app.ts';

const joe = uuid(1);

function withUser(): TestApp {
  const app = new TestApp();
  app.add('$users/nick');
  app.run([
    ['add-triple', joe, app.id('$users/id'), joe],
    ['add-triple', joe, app.id('$users/email'), 'joe@example.com'],
  ]);
  return app;
}

describe('system columns', () => {
  const column = (name: string): string => {
    return `Validation failed for tx-step: ${name} is a system column. You aren't allowed to change this directly.`;
  };

  test.each(['add-triple', 'deep-merge-triple', 'retract-triple'])('of $users are for admins: %s', (op) => {
    const app = withUser();
    const steps = [[op, joe, app.id('$users/email'), 'j']];
    expect(app.refusal(steps, { admin: false })).toEqual({
      type: 'validation-failed',
      message: column('$users.email'),
      hint: {
        'data-type': 'tx-step',
        input: steps[0],
        errors: [{ message: column('$users.email').slice(31) }],
      },
    });
    app.run(steps);
  });

  test.each(['$files/size', '$files/location-id', '$streams/clientId'])(
    '%s is for the backend alone',
    (name) => {
      const app = withUser();
      const steps = [['add-triple', joe, app.id(name), 'x']];
      expect(app.refusal(steps).message).toBe(column(name.replace('/', '.')));
      expect(app.refusal(steps, { admin: false }).message).toBe(column(name.replace('/', '.')));
    },
  );

  test('are open to the backend itself', () => {
    const app = withUser();
    const file = { id: joe, path: 'a.txt', size: 1, 'location-id': 'x' };
    const steps = Object.entries(file).map(([label, v]) => ['add-triple', joe, app.id(`$files/${label}`), v]);
    app.run(steps, { admin: false, system: true });
    expect(app.values('$files/path')).toEqual([[joe, 'a.txt']]);
  });

  test('that clients have to send along may be written', () => {
    const app = withUser();
    app.run(
      [
        ['add-triple', joe, app.id('$users/id'), joe, { mode: 'update' }],
        ['add-triple', joe, app.id('$users/nick'), 'j', { mode: 'update' }],
      ],
      { admin: false },
    );
    expect(app.values('$users/nick')).toEqual([[joe, 'j']]);
  });

  test('cannot give a file the path of a stream', () => {
    const app = withUser();
    expect(app.refusal([['add-triple', joe, app.id('$files/path'), '$stream/1']]).message).toBe(
      "Validation failed for tx-step: The path for stream files can't be edited.",
    );
  });
});

describe('system entities', () => {
  test('cannot be deleted by clients, but for files', () => {
    const app = withUser();
    for (const steps of [[['delete-entity', joe, '$users']], [['delete-entity', joe]]]) {
      expect(app.refusal(steps, { admin: false }).message).toBe(
        "Validation failed for tx-step: $users is a system entity. You aren't allowed to delete this directly.",
      );
    }
    expect(app.run([['delete-entity', joe, '$files']], { admin: false })).toEqual([]);
    app.run([['delete-entity', joe, '$users']]);
    expect(app.values('$users/id')).toEqual([]);
  });

  test('cannot be deleted by clients through a cascade either', () => {
    const app = withUser();
    const team = app.add('$users/team', { to: 'teams/members', 'on-delete': 'cascade' });
    app.run([['add-triple', joe, team, uuid(2)]]);
    expect(app.refusal([['delete-entity', uuid(2), 'teams']], { admin: false }).message).toContain(
      '$users is a system entity',
    );
  });

  test('of $users can be named by a link that nothing else goes with', () => {
    const app = withUser();
    const pal = app.add('$users/pal', { to: '$users/palOf' });
    app.run([['add-triple', uuid(9), pal, joe]], { admin: false });
    expect(app.values('$users/pal')).toEqual([[uuid(9), joe]]);
  });

  test('of $users cannot be created by clients', () => {
    const app = withUser();
    for (const e of [uuid(9), [app.id('$users/email'), 'new']]) {
      expect(app.refusal([['add-triple', e, app.id('$users/nick'), 'x']], { admin: false }).message).toBe(
        "Validation failed for tx-step: $users is a system entity. You aren't allowed to create this directly.",
      );
    }
  });
});

describe('attributes', () => {
  test.each(['update-attr', 'delete-attr', 'restore-attr'])('%s is for admins', (op) => {
    const app = withUser();
    const nick = app.id('$users/nick');
    expect(app.refusal([[op, op === 'update-attr' ? { id: nick } : nick]], { admin: false })).toEqual({
      type: 'permission-denied',
      message: 'Permission denied: not perms-pass?',
      hint: { input: ['attrs', 'attr'], expected: 'perms-pass?' },
    });
  });

  test('can be added by clients', () => {
    const app = withUser();
    app.run([['add-attr', app.define('users/name')]], { admin: false });
    expect(app.attr('users/name')).toBeDefined();
  });
});
