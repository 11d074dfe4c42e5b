/** `/v1`: the part of OpenAI's API that a server of documents can keep, with the same procedures and credentials as every other transport. */
import { RagError } from "@rag-personal/core";
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Api } from "../api/api.ts";
import { authenticate } from "../http/authenticate.ts";
import { callerOf, type RequestCaller } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { readJsonValue } from "../http/read-body.ts";
import { prepareRefusal } from "../http/refusal.ts";
import { authorise, type Operation } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { completeChat } from "./chat.ts";
import { embeddingList, embeddingsRequest, textsOf } from "./embeddings.ts";
import { openAiError, parseRequest } from "./error-shape.ts";
import { modelList, modelNamed } from "./models.ts";

const PREFIX = "/v1";

interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly operation: Operation;
  handle(c: Context<HttpEnvironment>, caller: RequestCaller): Promise<Response>;
}

export function mountOpenAi(app: Hono<HttpEnvironment>, api: Api, services: AppServices): void {
  const { conversation, embeddings } = api;
  const json = (c: Context<HttpEnvironment>, value: unknown, status: ContentfulStatusCode = 200) =>
    c.body(JSON.stringify(value), status, { "content-type": "application/json" });

  async function embed(c: Context<HttpEnvironment>, caller: RequestCaller): Promise<Response> {
    const request = parseRequest(embeddingsRequest, await readJsonValue(c, services.limits));
    const texts = textsOf(request);
    const input = embeddings.create.input.safeParse({
      model: request.model,
      texts,
      dimensions: request.dimensions ?? undefined,
      purpose: request.rag?.purpose ?? undefined,
    });
    if (!input.success) throw wrongInput(input.error.issues[0]);
    return json(c, embeddingList(request, await embeddings.create.run(input.data, caller)));
  }

  const embeddingModels = async (caller: RequestCaller) => (await embeddings.models.run(undefined, caller)).models;
  const routes: readonly Route[] = [
    {
      method: "POST",
      path: `${PREFIX}/chat/completions`,
      operation: conversation.ask.operation,
      handle: (c, caller) => completeChat(c, caller, api, services),
    },
    { method: "POST", path: `${PREFIX}/embeddings`, operation: embeddings.create.operation, handle: embed },
    {
      method: "GET",
      path: `${PREFIX}/models`,
      operation: embeddings.models.operation,
      handle: async (c, caller) => json(c, modelList(await embeddingModels(caller))),
    },
    {
      method: "GET",
      path: `${PREFIX}/models/:model`,
      operation: embeddings.models.operation,
      handle: async (c, caller) => json(c, modelNamed(c.req.param("model") ?? "", await embeddingModels(caller))),
    },
  ];

  async function refuse(c: Context<HttpEnvironment>, thrown: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const error = await prepareRefusal(c, thrown, services.log);
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    return json(c, openAiError(error), error.status as ContentfulStatusCode);
  }

  for (const { method, path, operation, handle } of routes) {
    app.on(method, path, async (c) => {
      // The route for everything else matches too, and would give its name to all of them.
      c.set("routeLabel", path);
      try {
        c.set("principal", await authenticate(c, services.authenticator));
        const caller = callerOf(c);
        await authorise(operation, caller.principal);
        return await handle(c, caller);
      } catch (thrown) {
        // There is nobody left to read an answer.
        if (!(thrown instanceof Error)) throw thrown;
        return await refuse(c, thrown);
      }
    });
  }
  app.all(`${PREFIX}/*`, async (c) => {
    c.set("routeLabel", `${PREFIX}/*`);
    const allowed = routes.filter(({ path }) => matches(path, c.req.path)).map(({ method }) => method);
    if (allowed.length === 0) return await refuse(c, new RagError("not_found", "There is no such route. docs/openai-api.md lists them all."));
    const list = allowed.join(", ");
    return await refuse(c, new RagError("method_not_allowed", `This route takes ${list}, not ${c.req.method}.`), { allow: list });
  });
}

/** Whether the path is that of the route: its parameter stands for one part. */
const matches = (pattern: string, path: string): boolean => {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith(":") || part === given[at]);
};

/** The list is called `input` in this API. */
function wrongInput(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): RagError {
  const [field, at] = issue?.path ?? [];
  const path = field === "texts" ? (typeof at === "number" ? `input[${at}]` : "input") : String(field ?? "input");
  const message = issue?.message ?? "is not valid";
  return new RagError("invalid_request", `${path}: ${message}`, { issues: [{ path, message }] });
}
