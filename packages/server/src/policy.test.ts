import { RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { authorise, type Operation, POLICY, type Principal, principalName } from "./policy.ts";

const ANONYMOUS: Principal = { kind: "anonymous" };
const API_KEY: Principal = { kind: "apiKey", id: "default" };
const ADMIN: Principal = { kind: "admin", id: "admin" };

function verdict(operation: Operation, principal: Principal): string {
  try {
    authorise(operation, principal);
    return "allowed";
  } catch (error) {
    return error instanceof RagError ? error.code : "unexpected";
  }
}

describe("policy", () => {
  it.each(Object.entries(POLICY))("decides %s (%s) for every kind of principal", (operation, requirement) => {
    const verdicts = [ANONYMOUS, API_KEY, ADMIN].map((principal) => verdict(operation as Operation, principal));
    const expected = {
      anybody: ["allowed", "allowed", "allowed"],
      client: ["unauthenticated", "allowed", "allowed"],
      admin: ["unauthenticated", "forbidden", "allowed"],
    }[requirement];
    expect(verdicts).toEqual(expected);
  });

  it("keeps what belongs to a key apart from what belongs to a user of the same name", () => {
    expect(principalName({ kind: "apiKey", id: "x" })).not.toBe(principalName({ kind: "admin", id: "x" }));
  });
});
