/** How the time of a computation grows with its input, measured so that a busy machine does not decide. */

/** Times that each size is measured at most; the least is what counts. */
const RUNS = 5;
const RUNS_AT_LEAST = 2;
/** A growth below it ends the measuring: the least of two runs would have to be four times too long for a quadratic computation to show it. */
const PLAIN = 16;
const GROWTH = 8;
/** Below so many milliseconds, noise is larger than what is measured: some systems count in steps of 4. */
const FLOOR_MS = 8;

/** Processor time of this thread in milliseconds: time in which others were running is not in it. */
function processorMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * By what factor the time grows when the input becomes eight times as large: 8 for a linear computation, 64 for a quadratic one.
 *
 * @param smallSize size of the smaller input, in the unit of `make`.
 */
export function growthOverEightfold<T>(smallSize: number, make: (size: number) => T, run: (input: T) => void): number {
  const small = make(smallSize);
  const large = make(GROWTH * smallSize);
  // The small input as often as it takes to be as much work as the large one, so that both times are of the same order.
  const repeat = (): void => {
    for (let done = 0; done < GROWTH; done += 1) run(small);
  };
  // Once, so that the compiler has seen it.
  run(small);
  const least = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY };
  let growth = Number.POSITIVE_INFINITY;
  for (let done = 0; done < RUNS && !(done >= RUNS_AT_LEAST && growth < PLAIN); done += 1) {
    least.small = Math.min(least.small, processorMs(repeat));
    least.large = Math.min(
      least.large,
      processorMs(() => run(large)),
    );
    growth = (GROWTH * least.large) / Math.max(least.small, FLOOR_MS);
  }
  return growth;
}

/**
 * Half of what a quadratic computation shows, so that there is room for caches that a larger input no longer fits: a linear one was seen at
 * 24 while other programs used the same caches.
 */
export const LINEAR = 32;
