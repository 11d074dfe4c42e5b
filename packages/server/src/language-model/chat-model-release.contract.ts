/** What every chat model over HTTP must let go of: a server that does not go on, and a call that nobody reads any more. */
import { isModelEvidence } from "@rag-personal/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChatModelScene, complete, type MakeChatModel, startChatModelScene } from "../../test-support/chat-model-scene.ts";
import { type FakeLlmMode, namesOf, SLOW_MODES } from "../../test-support/fake-llm-modes.ts";

/** Time-outs short enough to be waited for. */
const IMPATIENT = { firstByteTimeoutMs: 150, idleTimeoutMs: 150, totalTimeoutMs: 5_000 };

/**
 * Registers the contract's tests.
 *
 * @param makeModel creates the model under test; called for each test.
 */
export function chatModelReleaseContract(name: string, makeModel: MakeChatModel): void {
  describe(`${name} as a chat model that lets go`, () => {
    let scene: ChatModelScene;
    beforeEach(async () => {
      scene = await startChatModelScene(makeModel);
    });
    afterEach(() => scene.server.close());

    describe("a server that does not go on", () => {
      it.each([
        ["is silent", "first", 0],
        ["sends headers and stalls", "first", 0],
        ["only pings", "first", 0],
        ["stalls mid-answer", "idle", 3],
      ] satisfies [keyof typeof SLOW_MODES, string, number][])("is llm_timeout and let go of when it %s", async (mode, which, words) => {
        scene.server.behave(mode);
        const { text, error } = await complete(scene.modelWith(IMPATIENT));
        expect(text).toBe(scene.server.words.slice(0, words).join(""));
        expect(error).toMatchObject({ code: "llm_timeout", cause: { message: `${which} time-out` } });
        expect(isModelEvidence(error)).toBe(true);
        await scene.server.clientGone;
      });

      it.each(namesOf(SLOW_MODES))("is llm_timeout when the whole takes too long: it %s", async (mode) => {
        expect(await scene.failureOf(mode, { totalTimeoutMs: 100 })).toMatchObject({ code: "llm_timeout", cause: { message: "total time-out" } });
        await scene.server.clientGone;
      });
    });

    describe("a client that leaves", () => {
      it.each(namesOf(SLOW_MODES))("closes the socket when the server %s", async (mode) => {
        scene.server.behave(mode);
        const controller = new AbortController();
        const outcome = complete(scene.modelWith(), controller.signal);
        await scene.server.requestArrived;
        controller.abort();
        expect((await outcome).error).toBe(controller.signal.reason);
        await scene.server.clientGone;
      });

      it("closes the socket when it stops reading", async () => {
        scene.server.behave("floods");
        for await (const _ of scene.modelWith().stream([], { signal: new AbortController().signal, maxTokens: 8 })) break;
        await scene.server.clientGone;
      });

      it("makes no request when it has left already", async () => {
        const reason = new Error("gone");
        expect((await complete(scene.modelWith(), AbortSignal.abort(reason))).error).toBe(reason);
        expect(scene.server.requests).toHaveLength(0);
      });

      it("leaves no call behind at whatever moment it goes, a thousand times", async () => {
        const model = scene.modelWith();
        const callsAtOnce = 25;
        const leaveAfter = async (turns: number): Promise<unknown> => {
          const controller = new AbortController();
          const outcome = complete(model, controller.signal);
          for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          controller.abort();
          const { error } = await outcome;
          return error === controller.signal.reason ? undefined : error;
        };
        const surprises: unknown[] = [];
        for (const mode of ["is silent", "sends headers and stalls", "stalls mid-answer", "only thinks"] satisfies FakeLlmMode[]) {
          scene.server.behave(mode);
          for (let round = 0; round < 10; round += 1) {
            surprises.push(...(await Promise.all(Array.from({ length: callsAtOnce }, (_, call) => leaveAfter(call + round)))));
          }
        }
        expect(surprises.filter((error) => error !== undefined)).toEqual([]);
        scene.server.behave("answers");
        expect((await complete(model)).error).toBeUndefined();
        await scene.server.quiet();
        // What is open now waits, unused, for the next request.
        expect(scene.server.connections().open).toBeLessThanOrEqual(callsAtOnce + 1);
      });
    });
  });
}
