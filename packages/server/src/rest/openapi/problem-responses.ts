/** Error responses by their status: each combination of codes once, as a component. */
import { ERROR_STATUS, type ErrorCode, RagError, type RagErrorOptions } from "@rag-personal/core";
import type { oas31 } from "zod-openapi";
import { toProblem } from "../../http/problem.ts";

interface ErrorDescription {
  readonly when: string;
  /** A message as it is really sent. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
  readonly issues?: NonNullable<RagErrorOptions["issues"]>;
}

const ERRORS: Readonly<Record<ErrorCode, ErrorDescription>> = {
  invalid_request: {
    when: "not JSON, not UTF-8, nested too deep, or a field that is wrong, missing, unknown or too long",
    detail: "name: must not be empty",
    issues: [{ path: "name", message: "must not be empty" }],
  },
  unauthenticated: {
    when: "no credential where one is needed, or one that is not valid",
    detail: "This needs an API key. Send it in the X-API-Key header.",
  },
  forbidden: {
    when: "the credential does not reach this",
    detail: "An API key does not reach this. Use an access token from POST /auth/token.",
  },
  not_found: { when: "there is none of this id", detail: "There is none with this id." },
  method_not_allowed: { when: "the route exists for other methods", detail: "This route takes GET, not POST." },
  request_timeout: {
    when: "a streamed answer was read so slowly that the model was no longer waited for",
    detail: "The answer was read too slowly, so the language model was no longer waited for.",
  },
  conflict: { when: "it cannot be done as things stand", detail: "There is a user of this name. Names are never given twice." },
  payload_too_large: { when: "the body is too large", detail: "The body is larger than the 1048576 bytes allowed (MAX_BODY_BYTES)." },
  unsupported_media_type: { when: "a body of another type", detail: "The body must be sent as Content-Type: application/json." },
  unprocessable_document: { when: "a document that cannot be used", detail: "The file is not valid UTF-8." },
  rate_limited: {
    when: "too many attempts to log in, or the budget of the API key or of the model is spent",
    detail: "The budget of this API key is spent. Wait, then try again.",
    retryAfterSeconds: 12,
  },
  internal: { when: "a defect", detail: "Something went wrong on the server. The log has it under this request id." },
  not_supported: { when: "a server of this kind cannot do it", detail: "This server cannot do this." },
  llm_failed: { when: "the language model answered wrongly or not at all", detail: "The language model cannot be reached." },
  not_ready: {
    when: "something is still being loaded, or the server is stopping",
    detail: "The server is stopping; ask again.",
    retryAfterSeconds: 2,
  },
  overloaded: {
    when: "too much is waiting already",
    detail: "Too many passwords are being checked. Try again shortly.",
    retryAfterSeconds: 2,
  },
  llm_circuit_open: {
    when: "the language model failed repeatedly and is being left alone",
    detail: "The language model has been failing and is not being called for the moment. Try again later.",
    retryAfterSeconds: 8,
  },
  store_unavailable: { when: "the database is away", detail: "The database cannot be reached. Try again shortly.", retryAfterSeconds: 2 },
  llm_timeout: { when: "the language model took too long", detail: "The language model took too long to begin its answer." },
};

const REQUEST_ID = "6f0c1c1e-3a52-4b0e-9d0a-0d8b1f5c7e21";

/** Collects the components that the operations refer to. */
export function createProblemResponses(everyHeader: Readonly<Record<string, oas31.ReferenceObject>>) {
  const components: Record<string, oas31.ResponseObject> = {};
  return {
    components,
    /** @returns by status, a reference for all codes of that status. */
    refer(codes: readonly ErrorCode[]): Readonly<Record<string, oas31.ReferenceObject>> {
      const references: Record<string, oas31.ReferenceObject> = {};
      for (const [status, sharing] of byStatus(codes)) {
        const name = sharing.map(pascalCase).join("Or");
        components[name] ??= problemResponse(status, sharing, everyHeader);
        references[status] = { $ref: `#/components/responses/${name}` };
      }
      return references;
    },
  };
}

/** Codes in the order of the union, whatever the order they are given in. */
function byStatus(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  const statuses = new Map<number, ErrorCode[]>();
  for (const code of ERROR_CODES.filter((one) => codes.includes(one))) {
    const status = ERROR_STATUS[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}

const isErrorCode = (name: string): name is ErrorCode => Object.hasOwn(ERROR_STATUS, name);
const ERROR_CODES = Object.keys(ERROR_STATUS).filter(isErrorCode);

const pascalCase = (code: string): string => code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

function problemResponse(
  status: number,
  codes: readonly ErrorCode[],
  everyHeader: Readonly<Record<string, oas31.ReferenceObject>>,
): oas31.ResponseObject {
  const described = codes.map((code) => ({ code, ...ERRORS[code] }));
  const mayWait = described.some(({ retryAfterSeconds }) => retryAfterSeconds !== undefined);
  return {
    description: described.map(({ code, when }) => `\`${code}\`: ${when}.`).join(" "),
    headers: {
      ...everyHeader,
      ...(mayWait ? { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } : {}),
      ...(codes.includes("unauthenticated") ? { "WWW-Authenticate": { $ref: "#/components/headers/Challenge" } } : {}),
    },
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { status: { const: status }, code: { enum: [...codes] } } },
          ],
        },
        examples: Object.fromEntries(
          described.map(({ code, when, detail, ...more }) => [
            code,
            { summary: when, value: toProblem(new RagError(code, detail, more), REQUEST_ID) },
          ]),
        ),
      },
    },
  };
}
