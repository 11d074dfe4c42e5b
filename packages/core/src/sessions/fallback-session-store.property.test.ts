/** Whatever fails and returns in whatever order: no turn that was acknowledged is lost, and no version goes back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeTime } from "../../test-support/fake-time.ts";
import { createUnreliableStore, type LinkState } from "../../test-support/unreliable-session-store.ts";
import { RagError } from "../errors.ts";
import type { Session } from "../model.ts";
import { createFallbackSessionStore, type FallbackSessionStore } from "./fallback-session-store.ts";
import { createMemorySessionStore } from "./memory-session-store.ts";

const REPLICAS = 2;
const SESSIONS = ["s0", "s1"];
const OWNER = "ada";
const MAX_ATTEMPTS = 5;
const RUNS = 1000;
/** Longer than the time between two attempts to reach the store. */
const RETRY_MS = 600;

/** What must be true of the real thing, as far as anybody was told. */
interface Model {
  /** Names of the turns that were acknowledged, by session. */
  readonly acknowledged: Map<string, string[]>;
  turns: number;
}

interface Real {
  readonly unreliable: ReturnType<typeof createUnreliableStore>;
  readonly replicas: readonly { readonly link: { state: LinkState }; readonly store: FallbackSessionStore; readonly seen: Map<string, number> }[];
  readonly time: ReturnType<typeof createFakeTime>;
  readonly storedVersions: Map<string, number>;
  /** Questions under way. */
  readonly asking: Promise<void>[];
}

type Replica = Real["replicas"][number];
type Step = fc.AsyncCommand<Model, Real>;

/** @param delays how long each call takes before and after it is carried out, in milliseconds; used in turn. */
function scene(delays: readonly number[]): { model: Model; real: Real } {
  const time = createFakeTime();
  const unreliable = createUnreliableStore(createMemorySessionStore());
  let calls = 0;
  const pause = (): Promise<void> => {
    calls += 1;
    const delayMs = delays[calls % delays.length] ?? 0;
    return new Promise((resolve) => (delayMs === 0 ? resolve() : void time.timers.set(delayMs, resolve)));
  };
  const replicas = Array.from({ length: REPLICAS }, () => {
    const link = unreliable.createLink(pause);
    const store = createFallbackSessionStore({ primary: link, clock: time.clock, timers: time.timers, log: () => undefined });
    return { link, store, seen: new Map<string, number>() };
  });
  return { model: { acknowledged: new Map(), turns: 0 }, real: { unreliable, replicas, time, storedVersions: new Map(), asking: [] } };
}

async function read(replica: Replica, id: string): Promise<Session | undefined> {
  const seenBefore = replica.seen.get(id) ?? 0;
  const session = await replica.store.load(OWNER, id);
  const version = session?.version ?? 0;
  expect(version).toBeGreaterThanOrEqual(seenBefore);
  replica.seen.set(id, Math.max(version, replica.seen.get(id) ?? 0));
  return session;
}

/** Adds a turn as the answer pipeline does. True when it was acknowledged. */
async function ask(replica: Replica, id: string, name: string, atMs: number): Promise<boolean> {
  const turn = { question: name, standaloneQuestion: name, answer: name, answerable: true, citedTitles: [], atMs };
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const current = await read(replica, id);
      const next: Session = {
        id,
        principal: OWNER,
        version: (current?.version ?? 0) + 1,
        turns: [...(current?.turns ?? []), turn],
        createdAtMs: 0,
        updatedAtMs: atMs,
      };
      if (await replica.store.save(next)) return true;
    }
    return false;
  } catch (error) {
    // Not acknowledged: the session is not in memory and its store is away.
    if (error instanceof RagError && error.code === "store_unavailable") return false;
    throw error;
  }
}

async function checkStored({ unreliable, storedVersions }: Real): Promise<void> {
  for (const id of SESSIONS) {
    const version = (await unreliable.read(OWNER, id))?.version ?? 0;
    expect(version).toBeGreaterThanOrEqual(storedVersions.get(id) ?? 0);
    storedVersions.set(id, version);
  }
}

function step(description: string, run: (model: Model, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await checkStored(real);
    },
    toString: () => description,
  };
}

const anyReplica = fc.nat({ max: REPLICAS - 1 });
const asks = fc.record({ replica: anyReplica, id: fc.constantFrom(...SESSIONS) }).map(({ replica, id }) =>
  step(`ask ${id}@${replica}`, async (model, real) => {
    const target = real.replicas[replica];
    if (target === undefined) return;
    model.turns += 1;
    const name = `turn ${model.turns}`;
    const remember = (isAcknowledged: boolean): void => {
      if (isAcknowledged) model.acknowledged.set(id, [...(model.acknowledged.get(id) ?? []), name]);
    };
    real.asking.push(ask(target, id, name, model.turns).then(remember));
  }),
);
const linkChanges = fc
  .record({ replica: anyReplica, state: fc.constantFrom<LinkState>("up", "down", "mute", "late", "read-only") })
  .map(({ replica, state }) =>
    step(`link ${replica} is ${state}`, async (_, { replicas }) => {
      const target = replicas[replica];
      if (target !== undefined) target.link.state = state;
    }),
  );
const lateWrites = fc.constant(step("a late write arrives", (_, { unreliable }) => unreliable.applyLate()));
const waits = fc
  .oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 * RETRY_MS }))
  .map((ms) => step(`${ms} ms pass`, (_, { time }) => time.advance(ms)));
const wakings = anyReplica.map((replica) =>
  step(`replica ${replica} hears that the store is back`, async (_, { replicas }) => void replicas[replica]?.store.retryNow()),
);

/** Everything heals: links, late writes, and the sessions in the memory of each replica. */
async function heal({ replicas, unreliable, time, asking }: Real): Promise<void> {
  for (const { link } of replicas) link.state = "up";
  const answered = Promise.all(asking);
  for (let round = 0; round < 20; round += 1) {
    await time.advance(RETRY_MS);
    for (let late = 0; late < 100; late += 1) await unreliable.applyLate();
  }
  await answered;
}

async function checkNothingIsLost(model: Model, real: Real): Promise<void> {
  await checkStored(real);
  for (const { store } of real.replicas) expect(store.status()).toMatchObject({ isActive: false, unsaved: 0, lost: 0 });
  for (const id of SESSIONS) {
    const stored = await real.unreliable.read(OWNER, id);
    const names = stored?.turns.map(({ question }) => question) ?? [];
    expect(names).toEqual(expect.arrayContaining(model.acknowledged.get(id) ?? []));
    expect(new Set(names).size).toBe(names.length);
    for (const replica of real.replicas) {
      const reading = read(replica, id);
      await real.time.advance(RETRY_MS);
      expect(await reading).toEqual(stored);
    }
  }
}

describe("two replicas over one store that fails", () => {
  it("lose no acknowledged turn, double none, and never go back a version", async () => {
    const commands = fc.commands([asks, asks, linkChanges, lateWrites, waits, wakings], { maxCommands: 60, size: "max" });
    const delays = fc.array(fc.constantFrom(0, 1, 5, 20, 200), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(commands, delays, async (steps, delaysMs) => {
        const { model, real } = scene(delaysMs);
        await fc.asyncModelRun(() => ({ model, real }), steps);
        await heal(real);
        await checkNothingIsLost(model, real);
      }),
      { numRuns: RUNS },
    );
  });
});
