/** What every feedback store must do. */
import type { Feedback, FeedbackStore } from "@rag-personal/core";
import { beforeEach, describe, expect, it } from "vitest";

function feedback(overrides: Partial<Feedback> = {}): Feedback {
  return {
    id: "feedback-1",
    principal: "ada",
    rating: "up",
    requestId: "r",
    sessionId: "s",
    comment: "Just right – “danke” 🦉",
    atMs: 1_700_000_000_000,
    ...overrides,
  };
}

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function feedbackStoreContract(name: string, makeStore: () => FeedbackStore | Promise<FeedbackStore>): void {
  describe(`${name} as a feedback store`, () => {
    let store: FeedbackStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    it("counts nothing at first", async () => {
      expect(await store.countFeedback()).toEqual({ up: 0, down: 0 });
    });

    it("counts each judgement, with or without its optional parts", async () => {
      expect(await store.saveFeedback(feedback())).toBe(true);
      expect(await store.saveFeedback({ id: "feedback-2", principal: "ada", rating: "down", atMs: 1 })).toBe(true);
      expect(await store.countFeedback()).toEqual({ up: 1, down: 1 });
    });

    it("stores the same id once, whatever else the second write says", async () => {
      expect(await store.saveFeedback(feedback())).toBe(true);
      expect(await store.saveFeedback(feedback({ rating: "down" }))).toBe(false);
      expect(await store.countFeedback()).toEqual({ up: 1, down: 0 });
    });

    it("lets exactly one of several simultaneous writers of an id win", async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.saveFeedback(feedback())));
      expect(outcomes.filter((isNew) => isNew)).toHaveLength(1);
    });

    it("takes a comment with characters that cannot be stored", async () => {
      expect(await store.saveFeedback(feedback({ comment: "NUL \0 and half a pair \ud83e" }))).toBe(true);
    });
  });
}
