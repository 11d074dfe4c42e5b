import { describe, expect, it } from "vitest";
import { ConfigError } from "../settings/config-error.ts";
import { readEdgeConfig } from "./edge-config.ts";

const API_KEY = "6f1c0a8e5d3b497286aa0c4e91d7f25b";
const SECRET_KEY = "b4e07d9135c84f6a9a2d6c1f03e8b75c";
const ADMIN_PASSWORD = "correct-horse-battery-staple-42!!";

function problemsOf(bindings: Record<string, unknown>): readonly string[] {
  try {
    readEdgeConfig(bindings);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the configuration of a worker", () => {
  it("is a key and the defaults of a server", () => {
    expect(readEdgeConfig({ API_KEY })).toMatchObject({
      API_KEY,
      admin: undefined,
      MAX_QUESTION_CHARS: 2_000,
      LOG_LEVEL: "info",
      SNAPSHOT_KEY: "knowledge.bin",
    });
  });

  it("takes numbers as the platform gives them, and leaves what is no setting alone", () => {
    const bucket = { get: () => null };
    expect(readEdgeConfig({ API_KEY, MAX_QUESTION_CHARS: 500, SNAPSHOT: bucket, OTHER: "x" })).toMatchObject({ MAX_QUESTION_CHARS: 500 });
  });

  it("lets nobody log in unless both secrets of the administrator are there and are secrets", () => {
    expect(readEdgeConfig({ API_KEY, SECRET_KEY, ADMIN_PASSWORD }).admin).toEqual({ secretKey: SECRET_KEY, password: ADMIN_PASSWORD });
    expect(problemsOf({ API_KEY, ADMIN_PASSWORD })).toEqual([expect.stringContaining("SECRET_KEY is missing")]);
    expect(problemsOf({ API_KEY, SECRET_KEY })).toEqual([expect.stringContaining("ADMIN_PASSWORD is missing")]);
    expect(problemsOf({ API_KEY, SECRET_KEY, ADMIN_PASSWORD: "short" })).toEqual([expect.stringContaining("ADMIN_PASSWORD is shorter")]);
  });

  it("takes the secrets before the last rotation, and holds them to the same rules", () => {
    const previous = { API_KEY_PREVIOUS: "0d".repeat(16), SECRET_KEY_PREVIOUS: "9a".repeat(16), PREVIOUS_SECRETS_UNTIL: "2030-01-31T12:00:00Z" };
    expect(readEdgeConfig({ API_KEY, SECRET_KEY, ADMIN_PASSWORD, ...previous })).toMatchObject({
      API_KEY_PREVIOUS: previous.API_KEY_PREVIOUS,
      admin: { secretKey: SECRET_KEY, secretKeyPrevious: previous.SECRET_KEY_PREVIOUS },
      PREVIOUS_SECRETS_UNTIL: Date.UTC(2030, 0, 31, 12),
    });
    expect(problemsOf({ API_KEY, ...previous, API_KEY_PREVIOUS: "short" })).toEqual([expect.stringContaining("API_KEY_PREVIOUS is shorter")]);
  });

  it("lists every problem at once, and what only a server can do among them", () => {
    expect(problemsOf({ LLM_BASE_URL: "https://llm.example/v1", REDIS_URL: "redis://x", EMBEDDING_MODEL: "o/n", LOG_LEVEL: "loud" })).toEqual([
      expect.stringContaining("LOG_LEVEL must be one of"),
      expect.stringContaining("API_KEY is missing"),
      expect.stringContaining("LLM_MODEL is missing"),
      "REDIS_URL is for servers: a worker at the edge has nothing for it; remove it here",
      "EMBEDDING_MODEL is for servers: a worker at the edge has nothing for it; remove it here",
    ]);
  });
});
