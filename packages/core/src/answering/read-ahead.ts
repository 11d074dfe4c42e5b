/** A producer that does not wait for its reader. */

/** Items held for a reader that is slow; an answer has fewer. Beyond it the source waits, so that an endless one cannot fill the memory. */
const MAX_HELD = 10_000;

/**
 * Runs `source` at its own pace and hands on what it gave: a reader that pauses holds up nobody who waits for what the source does
 * besides. A reader that leaves the loop ends the source.
 *
 * @returns what `source` returns. @throws what `source` throws, after everything it gave before.
 */
export async function* readAhead<T, R>(source: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined> {
  const items: T[] = [];
  let end: (() => R) | undefined;
  let hasLeft = false;
  let wakeReader = (): void => {};
  let wakeSource = (): void => {};

  const run = async (): Promise<void> => {
    try {
      while (!hasLeft) {
        if (items.length >= MAX_HELD) {
          await new Promise<void>((resolve) => {
            wakeSource = resolve;
          });
          continue;
        }
        const next = await source.next();
        if (next.done === true) {
          end = () => next.value;
          return;
        }
        items.push(next.value);
        wakeReader();
      }
    } catch (error) {
      end = () => {
        throw error;
      };
    } finally {
      wakeReader();
    }
  };

  const running = run();
  try {
    for (;;) {
      const item = items.shift();
      if (item !== undefined) {
        wakeSource();
        yield item;
      } else if (end !== undefined) return end();
      else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    }
  } finally {
    hasLeft = true;
    wakeSource();
    await running;
    if (end === undefined) await source.return(undefined as never);
  }
}
