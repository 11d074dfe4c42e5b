import { RagError } from "@rag-personal/core";
import postgres from "postgres";
import { describe, expect, it } from "vitest";
import { storeUnavailable, toStoreError } from "./store-errors.ts";

/** An error as the driver makes it of a server's answer. */
function serverError(code: string): Error {
  return Object.assign(Object.create(postgres.PostgresError.prototype), { name: "PostgresError", message: "postgres://user:secret@host", code });
}

describe("an error of the database", () => {
  it.each([
    ["a statement cancelled at its deadline", serverError("57014")],
    ["too many connections", serverError("53300")],
    ["a server that starts or stops", serverError("57P03")],
    ["a deadlock", serverError("40P01")],
    ["a wrong password", serverError("28P01")],
    ["a full disk", serverError("53100")],
    ["a refused connection", Object.assign(new Error("connect"), { code: "ECONNREFUSED" })],
    ["a lost connection", Object.assign(new Error("write"), { code: "CONNECTION_CLOSED" })],
    ["a certificate that is not trusted", Object.assign(new Error("tls"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" })],
  ])("such as %s means that the store is away, and is told only as the cause", (_, error) => {
    const mapped = toStoreError(error);
    expect(mapped).toBeInstanceOf(RagError);
    expect(mapped).toMatchObject({ code: "store_unavailable", cause: error });
    expect(mapped instanceof Error && mapped.message).not.toContain("secret");
  });

  it.each([
    ["wrong syntax", serverError("42601")],
    ["a broken constraint", serverError("23505")],
    ["data that does not fit", serverError("22P02")],
    ["a wrong call of the driver", Object.assign(new Error("UNDEFINED_VALUE"), { code: "UNDEFINED_VALUE" })],
    ["a mistake in our code", new TypeError("x is not a function")],
    ["an error that has its name already", storeUnavailable("closed")],
  ])("such as %s stays what it is", (_, error) => {
    expect(toStoreError(error)).toBe(error);
  });
});
