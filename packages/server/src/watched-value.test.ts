import { expect, it } from "vitest";
import { watchValue } from "./watched-value.ts";

function scene() {
  const looks: PromiseWithResolvers<number>[] = [];
  const due = new Set<() => void>();
  const watched = watchValue({
    first: 0,
    everyMs: 5_000,
    look() {
      const look = Promise.withResolvers<number>();
      looks.push(look);
      return look.promise;
    },
    timers: {
      set(_, fn) {
        due.add(fn);
        return () => void due.delete(fn);
      },
    },
  });
  const see = async (value: number): Promise<void> => {
    looks.at(-1)?.resolve(value);
    await looks.at(-1)?.promise;
    await Promise.resolve();
  };
  const pass = (): void => {
    for (const fn of due) {
      due.delete(fn);
      fn();
    }
  };
  return { watched, looks, due, see, pass };
}

it("tells what the last look saw, and never looks twice at the same time", async () => {
  const { watched, looks, see, pass } = scene();
  expect([watched.current(), looks.length]).toEqual([0, 1]);
  pass();
  expect(looks).toHaveLength(1);
  await see(7);
  expect(watched.current()).toBe(7);
  pass();
  expect([watched.current(), looks.length]).toEqual([7, 2]);
  await see(8);
  expect(watched.current()).toBe(8);
});

it("looks no more once it is stopped, during a look or between two", async () => {
  const during = scene();
  during.watched.stop();
  await during.see(1);
  const between = scene();
  await between.see(1);
  between.watched.stop();
  expect([during.due.size, between.due.size]).toEqual([0, 0]);
});
