/** What every chat model over HTTP must make of answers and failures, against a server that misbehaves over real sockets. */
import { isModelEvidence } from "@rag-personal/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { API_KEY, type ChatModelScene, complete, FAILED, type MakeChatModel, startChatModelScene } from "../../test-support/chat-model-scene.ts";
import { BROKEN_MODES, FLOOD_MODES, GOOD_MODES, namesOf, type REFUSAL_MODES } from "../../test-support/fake-llm-modes.ts";
import { startFakeLlmServer } from "../../test-support/fake-llm-server.ts";

/** How the adapter under test puts its request; everything else is the same for all. */
export interface ContractRequestForm {
  readonly url: string;
  /** The field that holds the most tokens allowed. */
  readonly maxTokensField: string;
}

/**
 * Registers the contract's tests.
 *
 * @param makeModel creates the model under test; called for each test, sometimes more than once.
 */
export function chatModelContract(name: string, makeModel: MakeChatModel, form: ContractRequestForm): void {
  describe(`${name} as a chat model`, () => {
    let scene: ChatModelScene;
    beforeEach(async () => {
      scene = await startChatModelScene(makeModel);
    });
    afterEach(() => scene.server.close());

    describe("a server that answers", () => {
      it.each(namesOf(GOOD_MODES))("gives the whole text in whole characters when it %s", async (mode) => {
        scene.server.behave(mode);
        const pieces: string[] = [];
        for await (const piece of scene.modelWith().stream([], { signal: new AbortController().signal, maxTokens: 8 })) pieces.push(piece);
        expect(pieces.join("")).toBe(scene.server.words.join(""));
        expect(pieces.filter((piece) => piece === "" || !piece.isWellFormed())).toEqual([]);
      });

      it("hands over each piece as it comes", async () => {
        const pieces: string[] = [];
        for await (const piece of scene.modelWith().stream([], { signal: new AbortController().signal, maxTokens: 8 })) pieces.push(piece);
        expect(pieces).toEqual(scene.server.words);
      });

      it.each([
        ["answers with usage at the end", [31]],
        ["answers with usage as Groq gives it", [29]],
        ["answers with usage before the end", [3]],
        ["answers with a duplicated final event", [7]],
        ["answers with usage that is none", []],
        ["answers without [DONE]", []],
      ] satisfies [keyof typeof GOOD_MODES, number[]][])("is believed about the tokens, which are told once, when it %s", async (mode, expected) => {
        scene.server.behave(mode);
        const told: number[] = [];
        const options = { signal: new AbortController().signal, maxTokens: 8, onUsage: (tokens: number) => void told.push(tokens) };
        for await (const piece of scene.modelWith().stream([], options)) expect(piece).not.toBe("");
        expect(told).toEqual(expected);
      });

      it("is asked once, in the form of its API, and told nothing else", async () => {
        await complete(scene.modelWith());
        expect(scene.server.requests).toHaveLength(1);
        expect(scene.server.requests[0]).toMatchObject({
          method: "POST",
          url: form.url,
          headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", accept: "text/event-stream" },
        });
        expect(scene.server.requests[0]?.body).toEqual({
          model: "test-model",
          stream: true,
          [form.maxTokensField]: 64,
          temperature: 0,
          messages: [{ role: "user", content: "Where is the owl?" }],
        });
        expect(Object.keys(scene.server.requests[0]?.headers ?? {}).filter((header) => header.startsWith("x-"))).toEqual([]);
      });

      it("is asked again over the connections that are open", async () => {
        const model = scene.modelWith();
        for (let time = 0; time < 20; time += 1) expect((await complete(model)).error).toBeUndefined();
        // A second one, because the first becomes free a moment after its answer has been read.
        expect(scene.server.connections().accepted).toBeLessThanOrEqual(2);
      });
    });

    describe("a server that fails", () => {
      it.each(namesOf(BROKEN_MODES))("is llm_failed and evidence against the model when it %s", async (mode) => {
        const error = await scene.failureOf(mode);
        expect(error).toMatchObject({ code: "llm_failed", message: FAILED });
        expect(isModelEvidence(error)).toBe(true);
        await scene.server.quiet();
      });

      it.each([500, 502, 503, 504, 408])("is llm_failed and evidence against the model at status %i", async (status) => {
        const error = await scene.failureOf({
          status,
          headers: { "content-type": "text/html", "x-should-retry": "true" },
          body: "<h1>Bad gateway</h1>",
        });
        expect(error).toMatchObject({ code: "llm_failed", message: FAILED });
        expect(isModelEvidence(error)).toBe(true);
      });

      it.each([300, 304, 400, 401, 403, 404, 409, 413, 422])("is llm_failed and no evidence at status %i", async (status) => {
        const error = await scene.failureOf({ status });
        expect(error).toMatchObject({ code: "llm_failed", message: FAILED });
        expect(isModelEvidence(error)).toBe(false);
      });

      it("keeps the details for the log", async () => {
        expect(await scene.failureOf({ status: 503, headers: { "retry-after": "7" }, body: "overloaded backend 17" })).toMatchObject({
          code: "llm_failed",
          retryAfterSeconds: 7,
          cause: { upstreamStatus: 503, message: "status 503: overloaded backend 17" },
        });
      });

      it("is llm_failed when nobody listens", async () => {
        const model = scene.modelWith();
        await scene.server.close();
        expect((await complete(model)).error).toMatchObject({ code: "llm_failed" });
      });

      it.each(namesOf(FLOOD_MODES))("is cut off when it %s", async (mode) => {
        expect(await scene.failureOf(mode, { maxResponseBytes: 1_000_000 })).toMatchObject({
          code: "llm_failed",
          cause: { message: "the response is larger than 1000000 bytes" },
        });
        await scene.server.quiet();
      });

      it.each([301, 302, 303, 307, 308])("is not followed to another address at status %i", async (status) => {
        const elsewhere = await startFakeLlmServer();
        try {
          expect(await scene.failureOf({ status, headers: { location: `${elsewhere.baseUrl}/chat/completions` } })).toMatchObject({
            code: "llm_failed",
          });
          expect(elsewhere.requests).toHaveLength(0);
        } finally {
          await elsewhere.close();
        }
      });

      it.each([
        ["0", 0],
        ["2", 2],
        ["59", 59],
        ["2.2", 3],
        ["86400", 86_400],
        ["999999999", 86_400],
        ["Thu, 01 Jan 2026 00:01:30 GMT", 90],
        ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
        ["soon", undefined],
        ["-5", undefined],
        ["", undefined],
      ])("is rate_limited at 429 with Retry-After %j as %j seconds", async (header, retryAfterSeconds) => {
        expect(await scene.failureOf({ status: 429, headers: { "retry-after": header } })).toMatchObject({ code: "rate_limited", retryAfterSeconds });
      });

      it.each([429, 498])("is rate_limited and no evidence at status %i without Retry-After", async (status) => {
        const error = await scene.failureOf({ status });
        expect(error).toMatchObject({ code: "rate_limited", retryAfterSeconds: undefined });
        expect(isModelEvidence(error)).toBe(false);
      });

      it.each([
        ["refuses with 429 and stalls in its body", { code: "rate_limited", retryAfterSeconds: 7 }],
        ["refuses with 500 and floods", { code: "llm_failed", cause: { upstreamStatus: 500 } }],
        ["refuses with 500 in garbage for gzip", { code: "llm_failed", cause: { upstreamStatus: 500 } }],
      ] satisfies [keyof typeof REFUSAL_MODES, object][])("is judged by its status when it %s", async (mode, expected) => {
        expect(await scene.failureOf(mode)).toMatchObject(expected);
        await scene.server.quiet();
      });
    });
  });
}
