import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownRoot } from './process.mjs';

/** The commit that this tree is compared with when none is named: the one before what is not committed, or before the last. */
export function parentCommit() {
  return git('status', '--porcelain', '--', 'src') === '' ? 'HEAD^' : 'HEAD';
}

/**
 * Checks a commit out beside this tree and builds it, with the packages that are installed here. The benchmarks in it
 * are this tree's, so that both are measured by the same.
 * @param {string} commit
 * @returns {{ root: string, name: string, remove(): void }}
 */
export function checkOut(commit) {
  const name = git('log', '-1', '--format=%h %s', commit);
  const root = join(mkdtempSync(join(tmpdir(), 'instant-node-parent-')), 'checkout');
  const remove = () => {
    process.off('exit', remove);
    git('worktree', 'remove', '--force', root);
    rmSync(join(root, '..'), { recursive: true, force: true });
  };
  git('worktree', 'add', '--quiet', '--detach', root, commit);
  process.on('exit', remove);
  // Whoever is interrupted leaves no checkout behind either.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  symlinkSync(join(ownRoot, 'node_modules'), join(root, 'node_modules'));
  rmSync(join(root, 'bench'), { recursive: true });
  cpSync(join(ownRoot, 'bench'), join(root, 'bench'), { recursive: true });
  const tsup = join('node_modules', 'tsup', 'dist', 'cli-default.js');
  execFileSync(process.execPath, [tsup, '--no-dts', '--silent'], { cwd: root, stdio: 'inherit' });
  return { root, name, remove };
}

function git(...args) {
  return execFileSync('git', args, { cwd: ownRoot, encoding: 'utf8' }).trim();
}
