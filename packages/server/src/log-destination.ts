/** Where the lines of the log go: a file descriptor that may be slow, full or gone without the server waiting for it, or ending with it. */
import { write as writeFile, writeSync } from "node:fs";

/** What a logger writes to; pino takes it. */
export interface LogDestination {
  write(line: string): void;
  /** Writes what waits, now; what cannot be written by then is lost. */
  flushSync(): void;
}

export interface LogDestinationOptions {
  readonly fd: number;
  /** Characters that wait for a slow reader at most; lines beyond are lost. Default: 1,000,000. */
  readonly maxWaitingChars?: number;
  /** Writes bytes without waiting. Default: that of the system. */
  readonly write?: (fd: number, bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;
  /** Registers what is done when the process ends. */
  readonly onExit?: (end: () => void) => void;
  /** Time of day for the line that tells of lost ones. */
  readonly now?: () => number;
}

const BUSY_MS = 50;
/** How long the end of the process waits for a reader that is slow. */
const FLUSH_MS = 500;

const LOST = "lines of the log are lost: they could not be written";
const LINE_END = 10;

interface Batch {
  readonly bytes: Buffer;
  /** So many of the bytes stand before the lines. */
  readonly beforeLines: number;
  /** So many lost lines are told of there. */
  readonly told: number;
}

const isBusy = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EAGAIN";
const countLines = (bytes: Buffer): number => bytes.reduce((count, byte) => count + Number(byte === LINE_END), 0);

/**
 * Nobody waits for a line: those that come while some are being written go out together, and the last ones when the process ends. Lines that the
 * system refuses (no room, reader gone) are lost; the next ones are tried anew, and the first that goes out says how many are missing.
 */
export function createLogDestination({
  fd,
  maxWaitingChars = 1_000_000,
  write = (to, bytes, done) => writeFile(to, bytes, done),
  onExit = (end) => void process.on("exit", end),
  now = Date.now,
}: LogDestinationOptions): LogDestination {
  let waiting: string[] = [];
  let waitingChars = 0;
  let lost = 0;
  let isWriting = false;
  /** The last bytes that went out are no whole line. */
  let isCut = false;

  /** Everything that waits, behind a word about what is missing. */
  function takeBatch(): Batch {
    const told = lost;
    const note = told === 0 ? "" : `${JSON.stringify({ level: 40, time: new Date(now()).toISOString(), lines: told, msg: LOST })}\n`;
    const before = Buffer.from(`${isCut ? "\n" : ""}${note}`);
    const bytes = Buffer.concat([before, Buffer.from(waiting.join(""))]);
    waiting = [];
    waitingChars = 0;
    return { bytes, beforeLines: before.length, told };
  }

  /** What became of a batch: so many of its bytes went out. */
  function settle({ bytes, beforeLines, told }: Batch, written: number): void {
    if (written >= beforeLines) lost -= told;
    lost += countLines(bytes.subarray(Math.max(written, beforeLines)));
    if (written > 0) isCut = bytes[written - 1] !== LINE_END;
  }

  function pump(): void {
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    const batch = takeBatch();
    let written = 0;
    const goOn = (): void => write(fd, batch.bytes.subarray(written), onAnswer);
    function onAnswer(error: NodeJS.ErrnoException | null, count: number): void {
      if (error === null) written += count;
      if (isBusy(error)) setTimeout(goOn, BUSY_MS);
      else if (error === null && written < batch.bytes.length) goOn();
      else {
        settle(batch, written);
        isWriting = false;
        pump();
      }
    }
    goOn();
  }

  function flushSync(): void {
    if (waiting.length === 0) return;
    const batch = takeBatch();
    const until = performance.now() + FLUSH_MS;
    let written = 0;
    try {
      while (written < batch.bytes.length) written += writeOrWait(batch.bytes.subarray(written), until);
    } catch {
      // Told when there is room again, if the process goes on.
    }
    settle(batch, written);
  }

  function writeOrWait(bytes: Buffer, until: number): number {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if (isBusy(error) && performance.now() < until) return 0;
      throw error;
    }
  }

  onExit(flushSync);
  return {
    write(line) {
      if (waitingChars > maxWaitingChars) {
        lost += 1;
        return;
      }
      waiting.push(line);
      waitingChars += line.length;
      pump();
    },
    flushSync,
  };
}
