import { AbortError, ConnectionError, createClient } from "@rag-personal/client";
import { createScriptedFetch, html, refusal } from "@rag-personal/client/testing";
import { describe, expect, it } from "vitest";
import { CliError, EXIT } from "./exit-codes.ts";
import { describeCauses, describeFailure } from "./failures.ts";

const ADDRESS = "http://rag.test";

async function failureOf(...replies: Parameters<typeof createScriptedFetch>[0]): Promise<unknown> {
  const client = createClient({ baseUrl: ADDRESS, apiKey: "k", maxRetries: 0, fetch: createScriptedFetch(replies).fetch });
  return await client.search("words").then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

describe("a failure", () => {
  it.each([
    [401, "unauthenticated", EXIT.notAllowed],
    [403, "forbidden", EXIT.notAllowed],
    [404, "not_found", EXIT.notFound],
    [400, "invalid_request", EXIT.usage],
    [503, "not_ready", EXIT.unreachable],
    [503, "store_unavailable", EXIT.unreachable],
    [429, "rate_limited", EXIT.failed],
    [500, "internal", EXIT.failed],
  ] as const)("of status %i and code %s ends with %i, in the server's words and with the request's id", async (status, code, exitCode) => {
    const failure = describeFailure(await failureOf(refusal(status, code)), ADDRESS);
    expect(failure.exitCode).toBe(exitCode);
    expect(failure.message).toMatch(new RegExp(`\\(${code}, request \\S+\\)$`));
    expect(failure.message).not.toContain("\n");
  });

  it("to answer as a server of ours says who answered", async () => {
    expect(describeFailure(await failureOf(html(200)), ADDRESS)).toMatchObject({ exitCode: EXIT.failed, message: expect.stringContaining(ADDRESS) });
  });

  it("to connect says where, and the innermost reason", () => {
    const refused = Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" });
    const error = new ConnectionError("x", { mayHaveBeenSent: false, cause: new TypeError("fetch failed", { cause: refused }) });
    expect(describeFailure(error, ADDRESS)).toEqual({
      exitCode: EXIT.unreachable,
      message: `No server answers at ${ADDRESS} (ECONNREFUSED). Start it, or say where it is with --url or RAG_URL.`,
    });
    expect(describeCauses(error)).toEqual(["cause: fetch failed", "cause: ECONNREFUSED"]);
  });

  it("of the command's own keeps its code, and a strange one is a failure", () => {
    expect(describeFailure(new CliError(EXIT.partly, "some"), undefined)).toEqual({ exitCode: EXIT.partly, message: "some" });
    expect(describeFailure(new AbortError("left"), ADDRESS).exitCode).toBe(EXIT.interrupted);
    expect(describeFailure(new RangeError("odd"), ADDRESS)).toEqual({ exitCode: EXIT.failed, message: "odd" });
  });
});
