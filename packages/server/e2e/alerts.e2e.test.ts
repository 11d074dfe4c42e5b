/** Alerts in a real Prometheus: those of the faults that are quick to make. `npm run test:alerts` makes all of them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AlertScene, startAlertScene } from "../test-support/alert-scene.ts";

let scene: AlertScene;

beforeAll(async () => {
  scene = await startAlertScene();
  scene.keepAsking(scene.api, 4);
});
afterAll(() => scene.end());

it("fire when Redis, PostgreSQL and the language model fail, and end when they are mended", async () => {
  await expect.poll(async () => (await scene.prometheus.query('rag_answers_total{outcome="model"} > 20')).length, { timeout: 30_000 }).toBe(1);
  expect([...(await scene.prometheus.firing())]).toEqual([]);

  await Promise.all([scene.redis.kill(), scene.postgres.kill()]);
  scene.llm.behave({ status: 500 });
  await scene.fire("RedisDown", "PostgresDown", "LLMErrorsHigh", "CircuitBreakerOpen");

  await Promise.all([scene.redis.restart(), scene.postgres.restart()]);
  scene.llm.behave("answers");
  await expect.poll(async () => (await scene.api().admin("POST", "/admin/breaker/reset")).status, { timeout: 10_000 }).toBe(200);
  await scene.clear("RedisDown", "PostgresDown", "LLMErrorsHigh", "CircuitBreakerOpen");
});

it("fire when the server is gone, and end when it is back", async () => {
  await scene.killServer();
  await scene.fire("InstanceDown");
  await scene.restartServer();
  await scene.clear("InstanceDown");
});
