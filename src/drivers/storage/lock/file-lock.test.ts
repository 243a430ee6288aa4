import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { InstantNodeError } from '../../../errors.ts';
import { assertFree, type Lock, takeLock } from './file-lock.ts';
import { createClaim, generationsOf, lockFile, readClaim, silenceOf } from './lock-file.ts';
import { type LockOwner, newOwner } from './lock-owner.ts';

const subject = 'storage "test" at "here"';

function freshPlace(): string {
  const folder = mkdtempSync(`${tmpdir()}/instant-node-lock-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `${folder}/scope`;
}

function take(place: string, lost: (error: InstantNodeError) => void = () => {}): Lock {
  const lock = takeLock(place, { subject, lost });
  onTestFinished(() => lock.release());
  return lock;
}

/** Makes the lock of another owner, of whom nothing else is left. */
function leave(place: string, owner: Partial<LockOwner>, fence = 1): string {
  const { file, close } = leaveOpen(place, owner, fence);
  close();
  return file;
}

/** The same, of one who has it open in this process. */
function leaveOpen(place: string, owner: Partial<LockOwner>, fence = 1): { file: string; close(): void } {
  const file = lockFile(place, (generationsOf(place).at(-1) ?? 0) + 1);
  const claim = createClaim(file, { ...newOwner(), ...owner }, { fence });
  if (!claim) throw new TypeError('Another was faster');
  return { file, close: () => claim.close() };
}

/** Gives a file the time at which its owner said something for the last time. */
function silenceFor(file: string, seconds: number): void {
  const then = new Date(Date.now() - seconds * 1_000);
  utimesSync(file, then, then);
}

function start(command: string, args: string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const child = spawn(command, args, { stdio: [stdin, 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

const isLocked = expect.objectContaining({
  code: 'storage-locked',
  message: expect.stringContaining(subject),
});

describe('takeLock()', () => {
  test('refuses a second owner, and says who has the place', () => {
    const place = freshPlace();
    take(place);
    expect(() => take(place)).toThrow(isLocked);
    expect(() => take(place)).toThrow(/another database of this process/);
  });

  test('gives the place to the next once it was let go, with a higher generation', () => {
    const place = freshPlace();
    for (let generation = 1; generation <= 5; generation++) {
      const lock = take(place);
      expect(lock).toMatchObject({ generation, fence: 1 });
      lock.assertHeld();
      lock.release();
      lock.release();
      // Never fewer than one: generations do not begin anew.
      expect(generationsOf(place)).toEqual([generation]);
    }
  });

  test('tells the next owner what the one before has said last, and whoever follows a killed one what that has found', () => {
    const place = freshPlace();
    const first = take(place);
    expect(first.found).toBeUndefined();
    first.release('a note that is longer');
    const second = take(place);
    expect(second.found).toEqual({ text: 'a note that is longer', isLast: true });
    // As if it was killed here.
    const left = readFileSync(lockFile(place, 2), 'utf8');
    second.release('shorter');
    const third = take(place);
    expect(third.found).toEqual({ text: 'shorter', isLast: true });
    third.release();
    const fourth = take(place);
    expect(fourth.found).toBeUndefined();
    fourth.release();
    writeFileSync(lockFile(place, 5), left.replace(/"started":"\d+"/, '"started":"1"'));
    silenceFor(lockFile(place, 5), 10);
    expect(take(place).found).toEqual({ text: 'a note that is longer', isLast: false });
  });

  test('leaves nothing of a place that was withdrawn, and lets the next have it', () => {
    const place = freshPlace();
    for (let turn = 0; turn < 3; turn++) {
      const lock = take(place);
      expect(lock).toMatchObject({ generation: 1, fence: 1 });
      lock.withdraw();
      lock.withdraw();
      expect(readdirSync(dirname(place))).toEqual([]);
    }
  });

  test('a lock that was lost is not withdrawn in the place of its new owner', () => {
    const place = freshPlace();
    const lock = take(place);
    leave(place, {});
    lock.withdraw();
    expect(generationsOf(place)).toEqual([1, 2]);
  });

  test('assertFree() throws where the place is held, and takes nothing', () => {
    const place = freshPlace();
    assertFree(place, subject);
    const lock = take(place);
    expect(() => assertFree(place, subject)).toThrow(isLocked);
    lock.release();
    assertFree(place, subject);
    expect(generationsOf(place)).toEqual([1]);
  });

  test('keeps its file to itself', () => {
    const place = freshPlace();
    take(place);
    expect((statSync(lockFile(place, 1)).mode & 0o777).toString(8)).toBe('600');
  });

  test('two places in one folder are two', () => {
    const place = freshPlace();
    take(place);
    take(`${place}.lock`);
    take(`${place}2`);
  });

  test('cannot be made where there is no folder', () => {
    expect(() => take(`${freshPlace()}/not/there`)).toThrow(
      expect.objectContaining({ code: 'storage', hint: expect.stringContaining('folder') }),
    );
  });

  describe.runIf(process.platform === 'linux')('on the machine of the owner', () => {
    test('is refused while the owner’s process runs, however long that says nothing', async () => {
      const place = freshPlace();
      const child = start('sh', ['-c', 'read -r file; exec 3<"$file"; echo open; exec sleep 60'], 'pipe');
      const file = leave(place, { pid: child.pid as number, ...startOf(child) });
      child.stdin?.write(`${file}\n`);
      expect(await once(child)).toEqual(['open']);
      silenceFor(file, 1_000);
      expect(() => take(place)).toThrow(isLocked);
      expect(() => take(place)).toThrow(new RegExp(`process ${child.pid} of "`));
    });

    test('takes over at once from an owner in whose process another program runs by now, and fences it', () => {
      const place = freshPlace();
      const child = start('sleep', ['60']);
      leave(place, { pid: child.pid as number, ...startOf(child) });
      expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
    });

    test('is refused while a process runs that has the lock of an earlier version, which names no anchor', () => {
      const place = freshPlace();
      const child = start('sleep', ['60']);
      const file = leave(place, { pid: child.pid as number, ...startOf(child) });
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"anchor":"[\d:]+",/, ''));
      silenceFor(file, 1_000);
      expect(() => take(place)).toThrow(isLocked);
    });

    test('takes over at once from an owner that was killed', async () => {
      const place = freshPlace();
      const child = start('sleep', ['60']);
      leave(place, { pid: child.pid as number, ...startOf(child) });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(take(place)).toMatchObject({ generation: 2, fence: 1 });
    });

    test('takes over at once from an owner that was killed and whose parent has not looked', async () => {
      const place = freshPlace();
      // The shell becomes a program that never asks for its children.
      const parent = start('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
      const [line] = await once(parent);
      const pid = Number(line);
      await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n');
      leave(place, { pid, ...startOf({ pid }) });
      process.kill(pid, 'SIGKILL');
      await until(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
      expect(take(place)).toMatchObject({ generation: 2, fence: 1 });
    });

    test('takes over from another thread of this process when that says nothing any more', () => {
      const place = freshPlace();
      const { file, close } = leaveOpen(place, {});
      onTestFinished(close);
      for (let attempt = 0; attempt < 100; attempt++)
        expect(() => take(place)).toThrow(/another database of this process/);
      silenceFor(file, 6);
      expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
    });

    test('takes over at once from another thread, or the program before, that has left this process, and fences it', () => {
      const place = freshPlace();
      const { file, close } = leaveOpen(place, {});
      expect(() => take(place)).toThrow(isLocked);
      close();
      expect(silenceOf(file)).toBeLessThan(5_000);
      expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
    });

    test('is refused while a database of this thread has it, however long that could say nothing', () => {
      const place = freshPlace();
      take(place);
      silenceFor(lockFile(place, 1), 1_000);
      expect(() => take(place)).toThrow(/another database of this process/);
    });

    test('takes over at once when the pid is another process’s by now', () => {
      const place = freshPlace();
      leave(place, { started: '1' });
      expect(take(place)).toMatchObject({ generation: 2, fence: 1 });
    });
  });

  describe('where the owner’s process cannot be seen', () => {
    const elsewhere = { machine: 'another', host: 'far-away' };

    test('is refused while the owner gives signs of life', () => {
      const place = freshPlace();
      const file = leave(place, elsewhere);
      expect(() => take(place)).toThrow(isLocked);
      silenceFor(file, 3);
      expect(() => take(place)).toThrow(/process \d+ of "far-away" has it open/);
      expect(generationsOf(place)).toEqual([1]);
    });

    test('takes over after 5 seconds of silence, and fences what the owner may still write', () => {
      // The second as Deno leaves it, which shows what a machine is with all permissions alone.
      for (const owner of [elsewhere, { machine: undefined, started: undefined, host: undefined }]) {
        const place = freshPlace();
        silenceFor(leave(place, owner as Partial<LockOwner>), 6);
        expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
      }
    });

    test('takes over from one that has said nothing since the clock was set back', () => {
      const place = freshPlace();
      const file = leave(place, elsewhere);
      silenceFor(file, -3);
      expect(() => take(place)).toThrow(isLocked);
      silenceFor(file, -3_600);
      expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
    });

    test('the fence stays for the owners that follow', () => {
      const place = freshPlace();
      silenceFor(leave(place, elsewhere), 6);
      take(place).release();
      expect(take(place)).toMatchObject({ generation: 3, fence: 2 });
    });

    test.each(['', 'held', 'held\n', 'held\n{"token":"a","pi'])(
      'a file whose maker ended within writing %j is as good as one that is silent',
      (text) => {
        const place = freshPlace();
        writeFileSync(lockFile(place, 1), text);
        expect(() => take(place)).toThrow(isLocked);
        silenceFor(lockFile(place, 1), 6);
        expect(take(place)).toMatchObject({ generation: 2, fence: 2 });
      },
    );
  });

  test('removes what others have left', () => {
    const place = freshPlace();
    for (let count = 0; count < 3; count++) leave(place, { started: '1', pid: process.pid });
    take(place);
    expect(generationsOf(place)).toEqual([4]);
  });
});

test('takeLock() leaves no other file in the folder', () => {
  const place = freshPlace();
  silenceFor(leave(place, { machine: 'another' }), 6);
  // Of contenders that were killed.
  for (const name of ['draft-1', 'clock-1']) writeFileSync(`${lockFile(place, 1)}.${name}`, '');
  take(place).release();
  expect(readdirSync(dirname(place))).toEqual(['scope.lock.2']);
});

describe('an owner', () => {
  test('gives signs of life', async () => {
    const place = freshPlace();
    take(place);
    silenceFor(lockFile(place, 1), 100);
    const before = statSync(lockFile(place, 1)).mtimeMs;
    await until(() => statSync(lockFile(place, 1)).mtimeMs > before + 50_000);
  });

  test.each([
    ['there is a next generation', (place: string) => writeFileSync(lockFile(place, 2), '')],
    [
      'a later owner has removed its file and that of the next',
      (place: string) => {
        rmSync(lockFile(place, 1));
        writeFileSync(lockFile(place, 3), '');
      },
    ],
    [
      'its file was made anew by one that was slow',
      (place: string) => {
        rmSync(lockFile(place, 1));
        leave(place, {});
      },
    ],
  ])('knows that it was replaced when %s', (_, replace) => {
    const place = freshPlace();
    const losses: InstantNodeError[] = [];
    const lock = take(place, (error) => losses.push(error));
    lock.assertHeld();
    expect(lock.loss).toBeUndefined();
    replace(place);
    for (let count = 0; count < 2; count++) expect(() => lock.assertHeld()).toThrow(isLocked);
    expect(losses).toEqual([lock.loss]);
  });

  test('is told that it was replaced without asking', async () => {
    const place = freshPlace();
    const loss = new Promise((resolve) => {
      take(place, resolve);
    });
    writeFileSync(lockFile(place, 2), '');
    expect(await loss).toMatchObject({ code: 'storage-locked' });
  });

  test('that was replaced leaves the lock of the next alone', () => {
    const place = freshPlace();
    const first = take(place);
    // As the next does, once it has taken the first for dead.
    rmSync(lockFile(place, 1));
    leave(place, {});
    const before = readFileSync(lockFile(place, 1), 'utf8');
    first.release();
    expect(readFileSync(lockFile(place, 1), 'utf8')).toBe(before);
    expect(readClaim(lockFile(place, 1))).toMatchObject({ state: 'held' });
  });
});

/** When a process began, as the system counts. */
function startOf({ pid }: { pid?: number | undefined }): { started: string } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { started: fields[19] ?? '' };
}

async function once(child: ChildProcess): Promise<string[]> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return [line];
  return [];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
