/** Requests that must be refused, each in the way of one code. */
import { type DocumentedRequests, FORM } from "./documented-requests.ts";
import type { DocumentedOperation, ReceivedResponse } from "./openapi-contract.ts";

interface Mistake {
  readonly code: string;
  /** @returns undefined where the operation cannot be asked wrongly in this way. */
  make(operation: DocumentedOperation, requests: DocumentedRequests): Promise<ReceivedResponse> | undefined;
}

/** More than any body may have. */
const TOO_LARGE = "a".repeat(1_100_000);
const TOO_LONG_ID = "a".repeat(201);

/** Of a body that has to satisfy a schema; a file may be of any type. */
const typeOf = ({ requestBody }: DocumentedOperation): string | undefined =>
  Object.keys(requestBody?.content ?? {}).find((type) => type === "application/json" || type === FORM);
const hasParameterInPath = ({ path }: DocumentedOperation): boolean => path.includes("{");
const needsCredential = ({ security }: DocumentedOperation): boolean => security.length > 0 && security.every((one) => Object.keys(one).length > 0);

async function withParameter(operation: DocumentedOperation, { send, credentialsFor }: DocumentedRequests, value: string) {
  return await send(operation.method, operation.path.replace(/\{\w+\}/, value), await credentialsFor(operation));
}

async function withBody(operation: DocumentedOperation, { send, credentialsFor }: DocumentedRequests, type: string, body: string) {
  return await send(operation.method, operation.path, { ...(await credentialsFor(operation)), "content-type": type }, body);
}

export const MISTAKES: readonly Mistake[] = [
  {
    code: "unauthenticated",
    make: (operation, { send, pathOf }) => send(operation.method, pathOf(operation), { "x-api-key": "wrong" }),
  },
  {
    code: "unauthenticated",
    make: (operation, { send, pathOf }) => (needsCredential(operation) ? send(operation.method, pathOf(operation), {}) : undefined),
  },
  {
    code: "forbidden",
    make: (operation, { send, pathOf, createKey }) =>
      needsCredential(operation)
        ? createKey(["models.list"]).then((key) => send(operation.method, pathOf(operation), { "x-api-key": key }))
        : undefined,
  },
  {
    code: "not_found",
    make: (operation, requests) => (hasParameterInPath(operation) ? withParameter(operation, requests, "nothing") : undefined),
  },
  {
    code: "invalid_request",
    make: (operation, requests) => (hasParameterInPath(operation) ? withParameter(operation, requests, TOO_LONG_ID) : undefined),
  },
  {
    code: "invalid_request",
    make(operation, requests) {
      const type = typeOf(operation);
      return type === undefined ? undefined : withBody(operation, requests, type, type === FORM ? "username=" : '{"unknown":1}');
    },
  },
  {
    code: "unsupported_media_type",
    make: (operation, requests) => (typeOf(operation) === undefined ? undefined : withBody(operation, requests, "text/plain", "hello")),
  },
  {
    code: "payload_too_large",
    make(operation, requests) {
      const type = typeOf(operation);
      return type === undefined ? undefined : withBody(operation, requests, type, TOO_LARGE);
    },
  },
];
