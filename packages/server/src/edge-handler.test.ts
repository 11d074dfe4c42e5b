/** A worker whose client leaves before its answer. */
import { afterEach, expect, it } from "vitest";
import { EDGE_SECRETS } from "../test-support/edge-worker.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { makeSmallSnapshot } from "../test-support/small-snapshot.ts";
import { createEdgeHandler } from "./edge-handler.ts";

let llm: FakeLlmServer | undefined;
afterEach(() => llm?.close());

it("has nothing to tell, and no error", async () => {
  llm = await startFakeLlmServer();
  llm.behave("stalls mid-answer");
  const snapshot = await makeSmallSnapshot({ "owl.md": "# The owl\n\nThe owl sleeps in the barn until dusk." });
  const model = { LLM_BASE_URL: llm.baseUrl, LLM_MODEL: "test-model", LLM_API_KEY: "key" };
  const handler = createEdgeHandler({ environment: { ...EDGE_SECRETS, ...model, LOG_LEVEL: "silent" }, loadSnapshot: async () => snapshot });
  const leaving = new AbortController();
  const answer = handler.fetch(
    new Request("https://worker.invalid/chat", {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": EDGE_SECRETS.API_KEY },
      body: JSON.stringify({ question: "Where does the owl sleep?" }),
      signal: leaving.signal,
    }),
  );
  await llm.requestArrived;
  leaving.abort();
  expect((await answer).status).toBe(499);
});
