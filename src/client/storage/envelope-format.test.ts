import { expect, test } from 'vitest';
import { FakeDisk, open } from './envelope.fixture.ts';

// As format 2 was first written. Never to be changed: every later version has to read what is out there.
const format2 = [
  {
    kind: 'plain',
    encryptionKey: undefined,
    texts: [
      'p1.-csz3ia8PE_9Dejk{"format":2,"generation":1,"sealed":null}',
      'p1.B4p1j57vxOBEiZIM{"format":2,"generation":1,"sealed":null}',
      'p1.e70fK2OrJrwpALfi{"title":"Zoë"}',
    ],
  },
  {
    kind: 'sealed with bytes',
    encryptionKey: Buffer.from('0123456789abcdef0123456789abcdef'),
    texts: [
      'p1.xpY6gou7J_FyQy4r{"format":2,"generation":1,"sealed":{"salt":"RhsIng_K55xJvXVwDFvW7Q","check":"jSMJ7xChR1nsZh9Yb4_YSWNFvOfIx-ZqXr2oTCRLn0A"}}',
      'p1.y0_WiSMQ5KWxGe1w{"format":2,"generation":1,"sealed":{"salt":"RhsIng_K55xJvXVwDFvW7Q","check":"jSMJ7xChR1nsZh9Yb4_YSWNFvOfIx-ZqXr2oTCRLn0A"}}',
      's1.4sa5PtR-1h4fLmB4vDxPyluwEz0C7XjWMKchFSZ1BvzSE4jgXd_Ees62BVo',
    ],
  },
  {
    kind: 'sealed with a passphrase',
    encryptionKey: 'correct horse battery staple',
    texts: [
      'p1.jB3ZWfz6ihyPXj_C{"format":2,"generation":1,"sealed":{"salt":"GMvWAA8Y0836DLyv-D5pcw","check":"b0yc0aM8EkPDJb89OnhjAqdD4-ol4YEohyZUIfyraQU"}}',
      'p1.b8YBcGc2Nm-X3v3D{"format":2,"generation":1,"sealed":{"salt":"GMvWAA8Y0836DLyv-D5pcw","check":"b0yc0aM8EkPDJb89OnhjAqdD4-ol4YEohyZUIfyraQU"}}',
      's1.g7Uovr_7hHSHs5HrtJ7ivFmiDWT5mDkGBvv0CwchouAp8ji-sP_6RotsTBE',
    ],
  },
] as const;

test.each(format2)(
  'what format 2 keeps can be read: $kind',
  async ({ encryptionKey, texts: [header, copy, record] }) => {
    const disk = new FakeDisk();
    disk.records.set('meta:header', header);
    disk.records.set('meta:header-copy', copy);
    disk.records.set('1:writes:a%002fb', record);
    const { records, driver, reports } = open(disk, { encryptionKey });
    expect(await records.keys('writes')).toEqual(['a/b']);
    expect(await records.read('writes', 'a/b')).toEqual({ title: 'Zoë' });
    expect(reports).toEqual([]);
    expect(driver.writes).toBe(0);
  },
);
