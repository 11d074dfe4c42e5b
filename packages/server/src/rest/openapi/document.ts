/** The OpenAPI document of the REST API, out of the routes and their schemas. */
import * as z from "zod";
import { createDocument, type oas31, type ZodOpenApiOverride, type ZodOpenApiPathsObject } from "zod-openapi";
import { problem } from "../../http/problem.ts";
import type { Route } from "../route.ts";
import { findNamedSchemas } from "./named-schemas.ts";
import { describeOperation } from "./operation.ts";
import { createProblemResponses } from "./problem-responses.ts";
import { type RouteDescriptions, TAGS } from "./route-description.ts";

const INTRODUCTION = `Asks a person's own documents, with citations that can be checked.

- Bodies are JSON in UTF-8 with camelCase names; the token response (RFC 6749) and problem documents (RFC 9457) keep the names of their standards.
- Times are ISO 8601 in UTC. Offsets count UTF-16 units, as JavaScript strings do: \`text.slice(start, end)\`.
- Unknown fields in a JSON body are refused. Fields may be added to responses.
- A credential that is sent but wrong gets 401 on every route, also where none is needed. When both headers are sent, \`Authorization\` counts.
- Streams are server-sent events (\`text/event-stream\`); their schema is that of one event, whose \`data\` is sent as one line of JSON.
- The same server answers tRPC at \`/trpc\`, the clients of OpenAI's API at \`/v1\` and hosts of MCP at \`/mcp\`, which have documents of their own.`;

/** Of the API, not of the program: nobody learns from it which version runs. */
const API_VERSION = "1";

/** @throws Error naming a route without a description, a description without a route, and what a description lacks. */
export function createOpenApiDocument(routes: readonly Route[], descriptions: RouteDescriptions): ReturnType<typeof createDocument> {
  const everyHeader = { "X-Request-ID": { $ref: "#/components/headers/RequestId" } };
  const problems = createProblemResponses(everyHeader);
  const shared = { problems, everyHeader, everyParameter: [{ $ref: "#/components/parameters/RequestId" }] };
  const paths: ZodOpenApiPathsObject = {};
  const known = new Set<string>();
  for (const route of routes) {
    const name = `${route.method} ${route.path}`;
    const description = descriptions[name];
    if (description === undefined) throw new Error(`${name} has no description: write one in rest/descriptions`);
    known.add(name);
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [METHOD_NAMES[route.method]]: describeOperation(route, description, shared) };
  }
  const strays = Object.keys(descriptions).filter((name) => !known.has(name));
  if (strays.length > 0) throw new Error(`rest/descriptions tells of routes that there are not: ${strays.join(", ")}`);
  const schemas = [problem, ...routes.flatMap(({ input, output, event }) => [input, output, event].filter((schema) => schema !== undefined))];
  return createDocument(
    {
      openapi: "3.1.0",
      info: {
        title: "RAG Personal",
        version: API_VERSION,
        description: INTRODUCTION,
        contact: { name: "Whoever runs this server" },
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/", description: "This server" }],
      tags: Object.entries(TAGS).map(([tag, description]) => ({ name: tag, description })),
      paths,
      components: { ...COMPONENTS, schemas: { ...findNamedSchemas(schemas) }, responses: problems.components },
    },
    { override: plainSchema },
  );
}

const METHOD_NAMES = { GET: "get", POST: "post", DELETE: "delete" } as const satisfies Record<Route["method"], string>;

const COMPONENTS = {
  parameters: {
    RequestId: {
      name: "X-Request-ID",
      in: "header",
      description: "Sent back, and kept in the log. Default: a new one.",
      schema: { type: "string", pattern: "^[A-Za-z0-9_.-]{1,64}$" },
    },
  },
  headers: {
    RequestId: {
      description: "The one that was sent, or a new one.",
      required: true,
      schema: { type: "string", pattern: "^[A-Za-z0-9_.-]{1,64}$" },
      example: "6f0c1c1e-3a52-4b0e-9d0a-0d8b1f5c7e21",
    },
    RetryAfter: {
      description: "Whole seconds after which a retry makes sense, where it does.",
      schema: { type: "string", pattern: "^[0-9]+$" },
      example: "2",
    },
    Challenge: { description: "How to authenticate.", required: true, schema: { type: "string" }, example: 'Bearer realm="rag-personal"' },
  },
  securitySchemes: {
    apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The configured key, or one that was made by `POST /admin/api-keys`." },
    accessToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "From `POST /auth/token`. An API key may be sent in this way, too, where one is taken.",
    },
    monitor: { type: "http", scheme: "basic", description: "`METRICS_USERNAME` and `METRICS_PASSWORD`." },
  },
} as const satisfies oas31.ComponentsObject;

/**
 * Takes out what says nothing to a reader: that responses have no other fields, which would make each new one a breaking change; the
 * bounds of safe integers; the patterns behind `format`; and classes of characters, which many validators do not know.
 */
const plainSchema: ZodOpenApiOverride = ({ zodSchema, jsonSchema, io }) => {
  const isStrict = zodSchema instanceof z.ZodObject && zodSchema.def.catchall !== undefined;
  if (io === "output" && jsonSchema.additionalProperties === false && !isStrict) delete jsonSchema.additionalProperties;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.format !== undefined || jsonSchema.pattern?.includes("\\p{") === true) delete jsonSchema.pattern;
};
