// The format: https://www.sqlite.org/fileformat2.html#walformat. A header, then frames: a page each, with a checksum
// over everything before it. SQLite reads up to the first invalid frame and silently ignores the rest, which is
// normally the end of a write that was cut short, or left from before the log was restarted. But a commit is synced
// before the next one begins, so if a commit of the same log follows an invalid frame, the disk has damaged a valid
// one.

const HEADER_LENGTH = 32;
const FRAME_HEADER_LENGTH = 24;
const MAGIC = 0x377f0682;
const SALTS_LENGTH = 8;

interface Frame {
  readonly isCommit: boolean;
  readonly isOfThisLog: boolean;
  readonly isRight: boolean;
}

/** Whether a write-ahead log holds commits that SQLite ignores because something before them is damaged. */
export function hidesCommits(log: Buffer, pageSize: number): boolean {
  const frames = framesOf(log, pageSize);
  const wrong = frames.findIndex(({ isRight }) => !isRight);
  if (wrong < 0) return false;
  const rest = frames.slice(wrong).filter(({ isOfThisLog }) => isOfThisLog);
  const commit = rest.findIndex(({ isCommit }) => isCommit);
  // A commit that is itself the first invalid frame, with nothing after it, may have been cut short.
  return commit >= 0 && (rest.length > 1 || !frames[wrong]?.isOfThisLog);
}

function framesOf(log: Buffer, pageSize: number): Frame[] {
  if (log.length < HEADER_LENGTH) return [];
  const read = readerOf(log);
  const header = log.subarray(0, HEADER_LENGTH);
  let sum = read.sum(header.subarray(0, 24), [0, 0]);
  let isRight = read.isAt(header, 24, sum) && header.readUInt32BE(8) === pageSize;
  const length = FRAME_HEADER_LENGTH + pageSize;
  // If the header is damaged, its salts may be too; the first frame has the same ones.
  const salts = (isRight ? log.subarray(16) : log.subarray(HEADER_LENGTH + 8)).subarray(0, SALTS_LENGTH);
  const frames: Frame[] = [];
  for (let at = HEADER_LENGTH; at + length <= log.length; at += length) {
    const frame = log.subarray(at, at + length);
    const isOfThisLog = frame.subarray(8, 8 + SALTS_LENGTH).equals(salts);
    sum = read.sum(frame.subarray(FRAME_HEADER_LENGTH), read.sum(frame.subarray(0, 8), sum));
    isRight &&= isOfThisLog && read.isAt(frame, 16, sum);
    frames.push({ isCommit: frame.readUInt32BE(4) !== 0, isOfThisLog, isRight });
  }
  return frames;
}

type Sum = readonly [number, number];

/** Checksums are computed over words in the byte order of the machine that started the log, and stored big-endian. */
function readerOf(log: Buffer): {
  sum(bytes: Buffer, from: Sum): Sum;
  isAt(bytes: Buffer, at: number, sum: Sum): boolean;
} {
  const isBigEndian = log.readUInt32BE(0) === MAGIC + 1;
  return {
    sum(bytes, [first, second]) {
      let [a, b] = [first, second];
      for (let at = 0; at < bytes.length; at += 8) {
        a = (a + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
        b = (b + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
      }
      return [a, b];
    },
    isAt: (bytes, at, [a, b]) => bytes.readUInt32BE(at) === a && bytes.readUInt32BE(at + 4) === b,
  };
}
