/** Checks requests and responses against an OpenAPI document, with a validator that knows nothing of how the document was made. */
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as z from "zod";

const reference = z.object({ $ref: z.string() });
const example = z.object({ value: z.unknown() });
const mediaType = z.object({ schema: z.unknown(), example: z.unknown().optional(), examples: z.record(z.string(), example).optional() });
const content = z.record(z.string(), mediaType);
const header = z.object({ required: z.boolean().optional(), schema: z.unknown() });
const response = z.object({
  description: z.string(),
  headers: z.record(z.string(), z.union([reference, header])).optional(),
  content: content.optional(),
});
const parameter = z.object({ name: z.string(), in: z.enum(["path", "query", "header"]), schema: z.unknown(), example: z.unknown().optional() });
const operation = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  description: z.string().min(1),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.union([reference, parameter])),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.union([reference, response])),
});
const openApi = z.object({
  paths: z.record(z.string(), z.record(z.enum(["get", "post", "delete"]), operation.optional())),
  components: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export interface DocumentedOperation extends z.output<typeof operation> {
  readonly method: string;
  readonly path: string;
}

/** Where a schema stands in the document. */
type Pointer = readonly string[];

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type OpenApiContract = ReturnType<typeof createOpenApiContract>;

export function createOpenApiContract(given: unknown) {
  const document = openApi.parse(given);
  const asItStands = createValidator(given);
  // A document of ours lets responses have more fields than it names, so that fields can be added; here each must be named.
  const closed = createValidator(withoutOtherFields(given));

  const operations: readonly DocumentedOperation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, found]) => (found === undefined ? [] : [{ ...found, method: method.toUpperCase(), path }])),
  );
  const pathOf = ({ method, path }: DocumentedOperation): Pointer => ["paths", path, method.toLowerCase()];

  /** What stands behind a reference, and where. */
  function follow<Schema extends z.ZodType>(value: unknown, at: Pointer, schema: Schema): { value: z.output<Schema>; at: Pointer } {
    const target = reference.safeParse(value);
    if (!target.success) return { value: schema.parse(value), at };
    const [, ...steps] = target.data.$ref.split("/");
    return {
      value: schema.parse(steps.reduce<unknown>((object, step) => z.record(z.string(), z.unknown()).parse(object)[step], document)),
      at: steps,
    };
  }

  const responseOf = (of: DocumentedOperation, status: number | string) => {
    const found = of.responses[status];
    return found === undefined ? undefined : follow(found, [...pathOf(of), "responses", String(status)], response);
  };

  const parametersOf = (of: DocumentedOperation) =>
    of.parameters.map((one, index) => follow(one, [...pathOf(of), "parameters", String(index)], parameter));

  function checkHeaders(of: DocumentedOperation, status: number, received: Headers): readonly string[] {
    const found = responseOf(of, status);
    return Object.entries(found?.value.headers ?? {}).flatMap(([name, one]) => {
      const { value, at } = follow(one, [...(found?.at ?? []), "headers", name], header);
      const sent = received.get(name);
      if (sent === null) return value.required === true ? [`the header ${name} is missing`] : [];
      return closed(sent, [...at, "schema"]).map((fault) => `header ${name}: ${fault}`);
    });
  }

  function checkBody(of: DocumentedOperation, { status, headers, text }: ReceivedResponse): readonly string[] {
    const found = responseOf(of, status);
    if (found === undefined) return [`status ${status} is not documented: ${text.slice(0, 300)}`];
    const documented = found.value.content ?? {};
    const types = Object.keys(documented);
    if (types.length === 0) return text === "" ? [] : ["a body was sent, and none is documented"];
    const type = (headers.get("content-type") ?? "").split(";")[0] ?? "";
    if (documented[type] === undefined) return [`the type ${type} is not documented, but ${types.join(", ")}`];
    const at = [...found.at, "content", type, "schema"];
    if (type === "text/event-stream") return eventsOf(text).flatMap((event) => closed(event, at));
    return closed(/\bjson$/.test(type) ? JSON.parse(text) : text, at);
  }

  return {
    operations,
    /** The values of the parameters' examples. */
    parametersOf: (of: DocumentedOperation) => parametersOf(of).map(({ value }) => value),
    responseOf: (of: DocumentedOperation, status: number | string) => responseOf(of, status)?.value,
    /** @returns what is wrong with a body, as a JSON value. */
    checkRequest(of: DocumentedOperation, type: string, body: unknown): readonly string[] {
      if (of.requestBody?.content[type] === undefined) return [`a body of the type ${type} is not documented`];
      return asItStands(body, [...pathOf(of), "requestBody", "content", type, "schema"]);
    },
    checkResponse: (of: DocumentedOperation, received: ReceivedResponse): readonly string[] => [
      ...checkHeaders(of, received.status, received.headers),
      ...checkBody(of, received),
    ],
    /** @returns what is wrong with the examples of parameters, bodies and responses. */
    checkExamples(of: DocumentedOperation): readonly string[] {
      const faults = parametersOf(of)
        .filter(({ value }) => value.in !== "header")
        .flatMap(({ value, at }) => asItStands(value.example, [...at, "schema"]));
      const check = (media: z.output<typeof content> | undefined, at: Pointer, validate: typeof closed): void => {
        for (const [type, { example: single, examples = {} }] of Object.entries(media ?? {})) {
          const values = [...(single === undefined ? [] : [single]), ...Object.values(examples).map(({ value }) => value)];
          if (values.length === 0) faults.push(`${at.join(" ")} ${type} has no example`);
          for (const value of values) faults.push(...validate(value, [...at, type, "schema"]));
        }
      };
      check(of.requestBody?.content, [...pathOf(of), "requestBody", "content"], asItStands);
      for (const status of Object.keys(of.responses)) {
        const found = responseOf(of, status);
        if (found !== undefined) check(found.value.content, [...found.at, "content"], closed);
      }
      return faults;
    },
  };
}

function createValidator(document: unknown): (value: unknown, at: Pointer) => readonly string[] {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  ajv.addSchema(z.record(z.string(), z.unknown()).parse(document), "document");
  return (value, at) => {
    const pointer = at.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    const validate = ajv.getSchema(`document#/${pointer}`);
    if (validate === undefined) return [`there is no schema at ${at.join(" ")}`];
    if (validate(value) === true) return [];
    return (validate.errors ?? []).map((error) => `${at.join(" ")}: ${describe(error)}`);
  };
}

const describe = ({ instancePath, message, params }: ErrorObject): string => `${instancePath} ${message} ${JSON.stringify(params)}`;

/** What stands under these is a value, no schema. */
const VALUES = new Set(["example", "examples", "default", "enum", "const"]);

/** The same schemas, but that an object has no field which they do not name. Parts of an `allOf` are left: each sees the others' fields. */
function withoutOtherFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOtherFields);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, VALUES.has(key) || key === "allOf" ? inner : withoutOtherFields(inner)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  const isOpen = copy["type"] === "object" && typeof copy["properties"] === "object" && copy["additionalProperties"] === undefined;
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}

/** The events of a stream as objects of `event` and `data`. */
function eventsOf(stream: string): readonly unknown[] {
  return stream
    .split("\n\n")
    .filter((block) => block.includes("data: "))
    .map((block) => ({ event: /^event: (.*)$/m.exec(block)?.[1], data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") }));
}
