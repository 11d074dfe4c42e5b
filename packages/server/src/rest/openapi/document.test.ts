/** The document of the REST API: complete, valid, and noticed where it is not. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Ruleset, Spectral } from "@stoplight/spectral-core";
import { oas } from "@stoplight/spectral-rulesets";
import { describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { createCredentialsScene } from "../../../test-support/credentials-scene.ts";
import { createOpenApiContract } from "../../../test-support/openapi-contract.ts";
import { createStandInServices } from "../../../test-support/stand-in-services.ts";
import { createApi } from "../../api/api.ts";
import { createApp } from "../../app.ts";
import { isKeyOperation, POLICY } from "../../policy.ts";
import { ROUTE_DESCRIPTIONS } from "../descriptions/all.ts";
import { withReference } from "../reference.ts";
import { createRoutes } from "../routes.ts";
import { createOpenApiDocument } from "./document.ts";
import type { RouteDescription } from "./route-description.ts";

/** Mounted beside the REST routes, and described by standards of their own. */
const DESCRIBED_ELSEWHERE: readonly string[] = ["/trpc/", "/v1/", "/mcp"];

const services = createStandInServices(createCredentialsScene(), "00000000-0000-4000-8000-00000000000a");
const app = createApp(services);
const routes = withReference(createRoutes(createApi(services), services), {
  load: async () => ({ script: new Uint8Array(), style: new Uint8Array() }),
});
const text = JSON.stringify(createOpenApiDocument(routes, ROUTE_DESCRIPTIONS));
const contract = createOpenApiContract(JSON.parse(text));

describe("the OpenAPI document", () => {
  it("has every route that is mounted, and no other", () => {
    const mounted = app.routes
      .filter(({ method, path }) => method !== "ALL" && !DESCRIBED_ELSEWHERE.some((prefix) => path.startsWith(prefix)))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(contract.operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...new Set(mounted)].sort());
  });

  it("is named, route by route, in the documentation", async () => {
    const page = await readFile(join(import.meta.dirname, "../../../../../docs/rest-api.md"), "utf8");
    const missing = contract.operations.map(({ method, path }) => `\`${method} ${path}\``).filter((name) => !page.includes(name));
    expect(missing).toEqual([]);
  });

  it("names each operation once, so that generated clients keep their methods", () => {
    const names = contract.operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(?:[A-Z][a-z]+)*$/);
  });

  it("has a valid example of every parameter, body and response, errors included", () => {
    expect(contract.operations.flatMap((operation) => contract.checkExamples(operation))).toEqual([]);
  });

  it("asks for the credentials of the policy table", () => {
    const optional = ["GET /metrics", "GET /health/detailed"];
    for (const { method, path, operation } of routes) {
      const name = `${method} ${path}`;
      const documented = contract.operations.find((one) => `${one.method} ${one.path}` === name.replaceAll(/:(\w+)/g, "{$1}"));
      const kinds = documented?.security.map((one) => Object.keys(one).join());
      const isFree = POLICY[operation] === "anybody" && !optional.includes(name);
      const takesKey = isKeyOperation(operation) || name === "GET /health/detailed";
      const monitor = name === "GET /metrics" ? ["monitor"] : [];
      const expected = [...(optional.includes(name) ? [""] : []), ...monitor, ...(takesKey ? ["apiKey"] : []), "accessToken"];
      expect(kinds, name).toEqual(isFree ? [] : expected);
    }
  });

  it("has what several operations share once, by its name", () => {
    const names = Object.keys(
      z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) }).parse(JSON.parse(text)).components.schemas,
    );
    expect(names).toEqual(expect.arrayContaining(["Answer", "Citation", "NearMiss", "Source", "Session", "Problem", "IngestionJob", "Filters"]));
    expect(names.filter((name) => name.endsWith("Output"))).toEqual([]);
  });

  it("tells no secret, and nothing of the machine", () => {
    expect(text).not.toMatch(/rag_[0-9a-f]{16}_[\w-]{43}/);
    for (const known of [process.version, process.cwd(), process.env["HOME"] ?? "/home/"]) expect(text).not.toContain(known);
  });

  it("passes Spectral without a word, the schema of OpenAPI 3.1 included", { timeout: 60_000 }, async () => {
    const spectral = new Spectral();
    const rules: unknown = { extends: [[oas, "recommended"]] };
    spectral.setRuleset(new Ruleset(rules));
    expect(await spectral.run(JSON.parse(text))).toEqual([]);
  });

  it("passes Redocly's recommended rules without a warning", { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "rag-openapi-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "openapi.json"), text);
    const redocly = fileURLToPath(import.meta.resolve("@redocly/cli/bin/cli.js"));
    const { stdout } = await promisify(execFile)(process.execPath, [redocly, "lint", "openapi.json", "--extends=recommended", "--format=json"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 } });
  });
});

describe("the making of the document", () => {
  const described = (name: string): RouteDescription => {
    const found = ROUTE_DESCRIPTIONS[name];
    if (found === undefined) throw new Error(`${name} is not described`);
    return found;
  };
  const make = (changed: Readonly<Record<string, RouteDescription>>) => createOpenApiDocument(routes, { ...ROUTE_DESCRIPTIONS, ...changed });

  it("refuses a route that nobody described", () => {
    const { "POST /search": _, ...others } = ROUTE_DESCRIPTIONS;
    expect(() => createOpenApiDocument(routes, others)).toThrow("POST /search has no description");
  });

  it("refuses a description of a route that there is not", () => {
    expect(() => make({ "GET /gone": described("GET /health") })).toThrow("GET /gone");
  });

  it("refuses a route without an example of what it takes or gives", () => {
    const { requests, ...withoutRequests } = described("POST /search");
    const { responses, ...withoutResponses } = described("POST /search");
    const { events, ...withoutEvents } = described("POST /chat");
    expect(() => make({ "POST /search": withoutRequests })).toThrow("POST /search: the description has no requests");
    expect(() => make({ "POST /search": withoutResponses })).toThrow("POST /search: the description has no responses");
    expect(() => make({ "POST /chat": withoutEvents })).toThrow("POST /chat: the description has no events");
    expect(() => make({ "GET /sessions/:id": { ...described("GET /sessions/:id"), parameters: {} } })).toThrow("no parameter id");
    expect(() => make({ "POST /search": { ...described("POST /search"), summary: "" } })).toThrow("POST /search: the description has no summary");
  });
});

describe("the check of responses", () => {
  const operation = contract.operations.find(({ operationId }) => operationId === "getHealth");
  const check = (body: unknown, { status = 200, type = "application/json", headers = { "x-request-id": "a" } } = {}) => {
    if (operation === undefined) throw new Error("there is no such operation");
    return contract.checkResponse(operation, { status, headers: new Headers({ "content-type": type, ...headers }), text: JSON.stringify(body) });
  };

  it("finds nothing wrong with what is as documented", () => {
    expect(check({ status: "healthy" })).toEqual([]);
  });

  it.each([
    ["a value that is not documented", check({ status: "well" }), "allowed values"],
    ["a field that is missing", check({}), "required property"],
    ["a field that is not documented", check({ status: "healthy", version: "1" }), "additional properties"],
    ["a status that is not documented", check({}, { status: 418 }), "status 418 is not documented"],
    ["a type that is not documented", check({}, { type: "text/plain" }), "text/plain is not documented"],
    ["a header that is missing", check({ status: "healthy" }, { headers: { "x-request-id": "" } }), "X-Request-ID"],
  ])("notices %s", (_, faults, words) => {
    expect(faults.join("\n")).toContain(words);
  });
});
