/** The reference over HTTP: what a browser may keep, what it may load, and what is left of it when it is off. */
import { describe, expect, it } from "vitest";
import { createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import type { ReferenceViewer } from "../services.ts";

const utf8 = new TextEncoder();
const VIEWER: ReferenceViewer = { load: async () => ({ script: utf8.encode("window.viewer = 1;"), style: utf8.encode("main { color: red }") }) };

function serve(referenceViewer: ReferenceViewer | undefined) {
  const app = createApp({ ...createStandInServices(createCredentialsScene(), "session"), referenceViewer });
  const noConnection = {};
  return async (path: string, headers: Record<string, string> = {}) => await app.request(path, { headers }, noConnection);
}

const filesOf = (html: string): readonly string[] => [...html.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file = ""]) => `/${file}`);

describe("GET /docs", () => {
  it("names its files by their content, and those may be kept for ever", async () => {
    const get = serve(VIEWER);
    const files = filesOf(await (await get("/docs")).text());
    expect(files).toHaveLength(4);
    for (const file of files) {
      const response = await get(file);
      expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(response.headers.get("content-type")).toBe(file.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8");
    }
    const other = serve({ load: async () => ({ script: utf8.encode("window.viewer = 2;"), style: utf8.encode("main { color: red }") }) });
    const changed = filesOf(await (await other("/docs")).text()).filter((file) => !files.includes(file));
    expect(changed).toEqual([expect.stringMatching(/^\/docs\/viewer\.[0-9a-f]{12}\.js$/)]);
  });

  it("lets the page load nothing from elsewhere, and run nothing that stands within it", async () => {
    const response = await serve(VIEWER)("/docs");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await response.text()).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
  });

  it("reads its files again when that failed the first time", async () => {
    let reads = 0;
    const get = serve({
      async load() {
        reads += 1;
        if (reads === 1) throw new Error("the disk is away");
        return await VIEWER.load();
      },
    });
    expect([(await get("/docs")).status, (await get("/docs")).status, (await get("/docs")).status, reads]).toEqual([500, 200, 200, 2]);
  });

  it("has no other files", async () => {
    for (const path of ["/docs/nothing.js", "/docs/..%2f..%2fpackage.json", "/docs/package.json"])
      expect((await serve(VIEWER)(path)).status).toBe(404);
  });
});

describe.each(["/docs", "/openapi.json"])("%s", (path) => {
  it("is asked for again before each use, and sent again only when it has changed", async () => {
    const get = serve(VIEWER);
    const first = await get(path);
    const tag = first.headers.get("etag") ?? "";
    expect([first.headers.get("cache-control"), tag]).toEqual(["no-cache", expect.stringMatching(/^"[0-9a-f]{32}"$/)]);
    for (const known of [tag, `W/${tag}`, `"another", ${tag}`]) {
      const again = await get(path, { "if-none-match": known });
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", tag]);
    }
    expect((await get(path, { "if-none-match": '"another"' })).status).toBe(200);
  });

  it("is not there when the reference is not served", async () => {
    expect((await serve(undefined)(path)).status).toBe(404);
  });
});
