/** Budgets of API keys shared by replicas through a real Redis, with it and without it. */
import { describe, expect, it } from "vitest";
import { useRedis } from "../../../test-support/redis-harness.ts";
import { until, untilState } from "../../../test-support/redis-scene.ts";
import { clock } from "../../composition/time.ts";
import { operationBudgetContract } from "../../security/operation-budget.contract.ts";
import { createSharedOperationBudgets } from "./operation-budgets.ts";

const harness = useRedis();

async function startReplica(expectedReplicas = 1) {
  const redis = harness.connect();
  await untilState(redis, "ready");
  return { redis, budgets: createSharedOperationBudgets({ redis, clock, expectedReplicas }) };
}

operationBudgetContract("a budget in Redis", async () => (await startReplica()).budgets.createBudget);

describe("createSharedOperationBudgets", () => {
  const minute = (perMinute: number) => ({ perMinute, perDay: undefined });

  async function passed(spenders: readonly ({ spend(): void | Promise<void> } | undefined)[], attempts: number): Promise<number> {
    const outcomes = await Promise.allSettled(Array.from({ length: attempts }, async (_, n) => spenders[n % spenders.length]?.spend()));
    for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "rate_limited" });
    return outcomes.filter(({ status }) => status === "fulfilled").length;
  }

  it("gives a key one budget over all replicas, in one round trip", async () => {
    const replicas = [await startReplica(), await startReplica(), await startReplica()];
    const spenders = replicas.map(({ budgets }) => budgets.createBudget("key", minute(10)));
    expect(await passed(spenders, 60)).toBe(10);
    const operator = harness.operator();
    const before = Number(/total_commands_processed:(\d+)/.exec(await operator.info("stats"))?.[1]);
    expect(await passed(spenders.slice(0, 1), 10)).toBe(0);
    const after = Number(/total_commands_processed:(\d+)/.exec(await operator.info("stats"))?.[1]);
    // What a script calls counts too: ten times itself and five calls, with the probes and the question itself beside.
    expect(after - before).toBeLessThan(10 * 6 + 20);
    expect(await operator.keys("rag:*")).toEqual(["rag:key-budget:key:60000"]);
    expect(await operator.pttl("rag:key-budget:key:60000")).toBeGreaterThan(0);
  });

  it("shares out what is left while Redis is away, and reports it when Redis is back", async () => {
    const replicas = [await startReplica(2), await startReplica(2)];
    const spenders = replicas.map(({ budgets }) => budgets.createBudget("key", { perMinute: 11, perDay: 1_000 }));
    for (let time = 0; time < 4; time += 1) await spenders[time % 2]?.spend();
    await harness.server().kill();
    for (const { redis } of replicas) await untilState(redis, "away");
    // Eight were left when the first last asked, and seven when the second did: each takes four.
    expect(await passed(spenders, 40)).toBe(8);
    await harness.server().restart();
    for (const { redis } of replicas) await untilState(redis, "ready");
    const operator = harness.operator();
    const counted = async (lengthMs: number): Promise<number> =>
      (await operator.hvals(`rag:key-budget:key:${lengthMs}`)).reduce((sum, count) => sum + Number(count), 0);
    await until(async () => (await counted(60_000)) === 12 && (await counted(86_400_000)) === 12, "what was spent alone was not reported");
    expect(await passed(spenders, 10)).toBe(0);
  });

  it("starts without Redis, with the part of a replica among those expected", async () => {
    await harness.server().kill();
    const redis = harness.connect();
    const budget = createSharedOperationBudgets({ redis, clock, expectedReplicas: 3 }).createBudget("key", minute(9));
    expect(await passed([budget], 20)).toBe(3);
    await harness.server().restart();
  });

  it("refuses a number of replicas that is none", () => {
    expect(() => createSharedOperationBudgets({ redis: harness.connect(), clock, expectedReplicas: 0 })).toThrow(RangeError);
  });
});
