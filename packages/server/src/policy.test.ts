import { RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import {
  authorise,
  CLIENT_OPERATIONS,
  isAllowed,
  KEY_OPERATIONS,
  type KeyOperation,
  type Operation,
  type Origin,
  POLICY,
  type Principal,
  principalName,
} from "./policy.ts";

const keyFor = (operations: readonly KeyOperation[], spend?: () => void): Principal => ({
  kind: "apiKey",
  id: "k",
  scope: { operations, pathPrefixes: undefined, budget: spend && { spend } },
});
const ANONYMOUS: Principal = { kind: "anonymous" };
const USER: Principal = { kind: "user", id: "ada" };
const ADMIN: Principal = { kind: "admin", id: "admin" };

function verdict(operation: Operation, principal: Principal, origin?: Origin): string {
  try {
    authorise(operation, principal, origin);
    return "allowed";
  } catch (error) {
    return error instanceof RagError ? error.code : "unexpected";
  }
}

const OPERATIONS = Object.keys(POLICY) as Operation[];

describe("policy", () => {
  it.each(OPERATIONS)("decides %s for every kind of principal", (operation) => {
    const requirement = POLICY[operation];
    const exact = keyFor(KEY_OPERATIONS.filter((name) => name === operation));
    const others = keyFor(KEY_OPERATIONS.filter((name) => name !== operation));
    const verdicts = [ANONYMOUS, exact, others, USER, ADMIN].map((principal) => verdict(operation, principal));
    const expected = {
      anybody: ["allowed", "allowed", "allowed", "allowed", "allowed"],
      machine: ["unauthenticated", "allowed", "forbidden", "allowed", "allowed"],
      client: ["unauthenticated", "allowed", "forbidden", "allowed", "allowed"],
      granted: ["unauthenticated", "allowed", "forbidden", "forbidden", "allowed"],
      user: ["unauthenticated", "forbidden", "forbidden", "allowed", "allowed"],
      admin: ["unauthenticated", "forbidden", "forbidden", "forbidden", "allowed"],
    }[requirement];
    expect(verdicts).toEqual(expected);
    expect([ANONYMOUS, exact, others, USER, ADMIN].map((principal) => isAllowed(operation, principal))).toEqual(
      expected.map((word) => word === "allowed"),
    );
  });

  it("lets what monitors the server do what is for it, and nothing else, without a credential", () => {
    const changed = OPERATIONS.filter((operation) => verdict(operation, ANONYMOUS, { isMonitor: true }) !== verdict(operation, ANONYMOUS));
    expect(changed).toEqual(["metrics.read"]);
  });

  it("lets keys be made for what clients do and for what is granted, and for nothing else", () => {
    expect(KEY_OPERATIONS).toEqual(OPERATIONS.filter((operation) => ["client", "machine", "granted"].includes(POLICY[operation])));
    expect(KEY_OPERATIONS).toContain("documents.delete");
  });

  it("gives a key nothing that must be granted by name, unless it is named", () => {
    expect(CLIENT_OPERATIONS).toEqual(OPERATIONS.filter((operation) => ["client", "machine"].includes(POLICY[operation])));
    expect(CLIENT_OPERATIONS).toContain("documents.get");
  });

  it("spends a key's budget once for what its scope allowed, and not for what it refused or what anybody may", () => {
    let spent = 0;
    const key = keyFor(["chat.ask"], () => {
      spent += 1;
    });
    for (const operation of OPERATIONS) verdict(operation, key);
    expect(spent).toBe(1);
  });

  it("refuses what the budget refuses", () => {
    const key = keyFor(["chat.ask"], () => {
      throw new RagError("rate_limited", "spent");
    });
    expect(verdict("chat.ask", key)).toBe("rate_limited");
    expect(verdict("search.run", key)).toBe("forbidden");
  });

  it("keeps what belongs to a key apart from what belongs to a user of the same name", () => {
    const principals: Principal[] = [keyFor([]), { ...USER, id: "k" }, { ...ADMIN, id: "k" }, ANONYMOUS];
    expect(new Set(principals.map(principalName)).size).toBe(4);
  });
});
