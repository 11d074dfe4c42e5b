/** The protocol itself, by its SDK: both its generations, the one with a handshake and the one of 2026 without. */
import { createMcpHandler } from "@modelcontextprotocol/server";
import type { Api } from "../api/api.ts";
import type { Caller } from "../api/procedure.ts";
import type { Log } from "../log.ts";
import { createMcpServer } from "./server.ts";
import { createTools } from "./tools.ts";

/** Answers a request whose body was read and whose caller is known. */
export type McpHandler = (request: Request, body: unknown, caller: Caller) => Promise<Response>;

export function createHandler(api: Api, log: Log): McpHandler {
  const parts = { api, tools: createTools(api), log };
  const callers = new WeakMap<Request, Caller>();
  const { fetch } = createMcpHandler(
    ({ requestInfo }) => {
      const caller = requestInfo && callers.get(requestInfo);
      if (caller === undefined) throw new Error("an MCP request without a caller");
      return createMcpServer(parts, caller);
    },
    {
      // There is nothing to be told of later: lists do not announce their changes.
      maxSubscriptions: 0,
      onerror: (error) => log.debug({ err: error }, "MCP"),
    },
  );
  return async (request, body, caller) => {
    callers.set(request, caller);
    return await fetch(request, { parsedBody: body });
  };
}
