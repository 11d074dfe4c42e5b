/** One route as an operation of OpenAPI. */
import type { ErrorCode } from "@rag-personal/core";
import * as z from "zod";
import type { oas31, ZodOpenApiOperationObject } from "zod-openapi";
import { isKeyOperation, POLICY } from "../../policy.ts";
import type { Route } from "../route.ts";
import { describeAccess } from "./access.ts";
import type { createProblemResponses } from "./problem-responses.ts";
import type { Example, RouteDescription } from "./route-description.ts";

interface Shared {
  readonly problems: ReturnType<typeof createProblemResponses>;
  readonly everyHeader: Readonly<Record<string, oas31.ReferenceObject>>;
  readonly everyParameter: readonly oas31.ReferenceObject[];
}

/** @throws Error naming what the description lacks. */
export function describeOperation(
  route: Route,
  description: RouteDescription,
  { problems, everyHeader, everyParameter }: Shared,
): ZodOpenApiOperationObject {
  required(description.summary || undefined, route, "summary");
  const access = describeAccess(route.operation);
  const optional = description.tellsMoreToCallersWithCredential === true ? [{}, { apiKey: [] }, { accessToken: [] }] : undefined;
  const body = requestBody(route, description);
  return {
    operationId: description.operationId,
    tags: [description.tag],
    summary: description.summary,
    description: `${description.description}\n\n${access.words}`,
    security: optional ?? access.security,
    ...requestParameters(route, description),
    parameters: [...everyParameter],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      [route.status]: {
        description: description.success,
        headers: { ...everyHeader, ...responseHeaders(description) },
        ...successContent(route, description),
      },
      ...(description.headers?.["ETag"] === undefined ? {} : { 304: { description: "It is as it was.", headers: { ...everyHeader } } }),
      ...problems.refer(errorCodes(route, description)),
    },
  };
}

const fault = (route: Route, what: string): Error => new Error(`${route.method} ${route.path}: ${what}`);

/** What the reference must have of everything: an example. */
function required<Value>(value: Value | undefined, route: Route, what: string): Value {
  if (value === undefined) throw fault(route, `the description has no ${what}`);
  return value;
}

function requestParameters(route: Route, { parameters = {} }: RouteDescription) {
  if (route.takes !== "path" && route.takes !== "query") return {};
  const input = route.input instanceof z.ZodOptional ? route.input.unwrap() : route.input;
  if (!(input instanceof z.ZodObject)) throw fault(route, `what it takes from its ${route.takes} is no object`);
  const fields = Object.entries(input.shape).map(([name, schema]) => {
    const { description, example } = required(parameters[name], route, `parameter ${name}`);
    return [name, schema.meta({ param: { description, example } })] as const;
  });
  return { requestParams: { [route.takes]: z.object(Object.fromEntries(fields)) } };
}

function requestBody(route: Route, { requests, files }: RouteDescription) {
  if (files !== undefined) {
    const schema = { type: "string" as const, format: "binary" };
    return { required: true, content: Object.fromEntries(Object.entries(files).map(([type, example]) => [type, { schema, example }])) };
  }
  switch (route.takes) {
    case "json":
    case "form": {
      const type = route.takes === "json" ? "application/json" : "application/x-www-form-urlencoded";
      return { required: true, content: { [type]: { schema: route.input, examples: examplesOf(required(requests, route, "requests")) } } };
    }
    case "path":
    case "query":
    case "nowhere":
      return undefined;
  }
}

function responseHeaders({ headers = {} }: RouteDescription): Record<string, oas31.HeaderObject> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { description, example }]) => [name, { description, required: true, schema: { type: "string" }, example }]),
  );
}

function successContent(route: Route, { responses, events, texts }: RouteDescription) {
  if (route.output === undefined && texts === undefined) {
    if (route.status !== 204) throw fault(route, "the description does not say what a success has in its body");
    return {};
  }
  return {
    content: {
      ...(route.output === undefined
        ? {}
        : { "application/json": { schema: route.output, examples: examplesOf(required(responses, route, "responses")) } }),
      ...(route.event === undefined ? {} : { "text/event-stream": { schema: route.event, examples: examplesOf(required(events, route, "events")) } }),
      ...Object.fromEntries(Object.entries(texts ?? {}).map(([type, example]) => [type, { schema: { type: "string" as const }, example }])),
    },
  };
}

const examplesOf = (examples: Readonly<Record<string, Example>>): Record<string, Example> => ({ ...examples });

function errorCodes(route: Route, { errors = [] }: RouteDescription): readonly ErrorCode[] {
  // A credential that is sent but wrong is refused everywhere, and telling a wrong one takes the database.
  const codes: ErrorCode[] = ["unauthenticated", "store_unavailable", "internal", ...errors];
  if (POLICY[route.operation] !== "anybody") codes.push("forbidden");
  if (isKeyOperation(route.operation)) codes.push("rate_limited");
  if (route.takes !== "nowhere") codes.push("invalid_request");
  if (route.takes === "json" || route.takes === "form") codes.push("payload_too_large", "unsupported_media_type");
  return codes;
}
