import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { addressOf, open, serve } from '../support/open.ts';
import { schema } from '../support/schema.ts';

test('a database that is logged shows its numbers, and neither its token nor its user', async () => {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const asAdmin = open(addressOf(backend, app), { adminToken: app.adminToken });
  const asGuest = open(addressOf(backend, app));
  const { user } = await asGuest.auth.signInAsGuest();
  await Promise.all([asAdmin.ready(), asGuest.ready()]);
  for (const db of [asAdmin, asGuest]) {
    for (const shown of [inspect({ db }, { depth: 10 }), JSON.stringify({ db })]) {
      expect(shown).toContain('authenticated');
      expect(shown).toContain(app.id);
      expect(shown).not.toContain(app.adminToken);
      expect(shown).not.toContain(user.refresh_token);
    }
  }
});
