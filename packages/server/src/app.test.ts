/** What belongs to no route. */
import { beforeAll, describe, expect, it } from "vitest";
import { createCredentialsScene } from "../test-support/credentials-scene.ts";
import { createStandInServices } from "../test-support/stand-in-services.ts";
import { createApp } from "./app.ts";

let app: ReturnType<typeof createApp>;
beforeAll(() => {
  app = createApp(createStandInServices(createCredentialsScene(), "00000000-0000-4000-8000-00000000000a"));
});

describe("a request without a route", () => {
  it.each([
    ["GET", "/chat", 405, "POST"],
    ["POST", "/sessions/1", 405, "GET, DELETE"],
    ["PATCH", "/admin/users", 405, "GET, POST"],
    ["GET", "/nowhere", 404, null],
  ])("%s %s is told so: %s", async (method, path, status, allow) => {
    const response = await app.request(path, { method }, {});
    expect([response.status, response.headers.get("allow")]).toEqual([status, allow]);
  });
});
