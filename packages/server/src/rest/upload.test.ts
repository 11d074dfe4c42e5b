/** Files over HTTP, as the body of `POST /documents` and in a form to tRPC: what is taken, and what is refused before it is in memory. */
import { connect } from "node:net";
import { createTRPCClient, httpLink } from "@trpc/client";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { type HttpServer, startHttpServer } from "../http-server.ts";
import type { KeyOperation } from "../policy.ts";
import type { AppRouter } from "../trpc/router.ts";
import type { Upload } from "../uploads/upload-store.ts";
import { createUploads } from "../uploads/uploads.ts";

const MAX_BYTES = 100_000;

const scene = createCredentialsScene();
let server: HttpServer | undefined;
beforeAll(() => scene.users.ensureAdmin(ADMIN_PASSWORD));
afterEach(() => server?.stop(0));

async function keyFor(operations: readonly KeyOperation[], pathPrefixes?: readonly string[]): Promise<string> {
  const limits = { requestsPerMinute: undefined, requestsPerDay: undefined, expiresAtMs: undefined };
  return (await scene.apiKeys.create({ name: "uploads", operations, pathPrefixes, ...limits })).key;
}

async function start() {
  const kept: (Upload & { readonly bytes: Buffer })[] = [];
  const held: { promise: Promise<void> | undefined } = { promise: undefined };
  const places = { taken: 0, told: () => {} };
  const services = createStandInServices(scene, "00000000-0000-4000-8000-00000000000a");
  const uploads = createUploads({
    store: {
      async saveUpload(upload, parts) {
        await held.promise;
        kept.push({ ...upload, bytes: Buffer.concat(parts) });
        return true;
      },
    },
    ingestion: services.ingestion,
    digest: () => "0".repeat(64),
    now: scene.clock.now,
    limits: { maxBytes: MAX_BYTES, maxTotalBytes: 1_000_000 },
  });
  const limits = { headersTimeoutMs: 5_000, requestTimeoutMs: 5_000, maxConnections: 50 };
  const takePlace = (): (() => void) => {
    const leave = uploads.takePlace();
    places.taken += 1;
    places.told();
    return leave;
  };
  /** Resolves when so many places have been taken since the start. */
  const taken = (count: number): Promise<void> =>
    new Promise((resolve) => {
      places.told = () => {
        if (places.taken >= count) resolve();
      };
      places.told();
    });
  const { fetch: answer } = createApp({ ...services, uploads: { ...uploads, takePlace } });
  server = await startHttpServer({ fetch: answer, listenOn: { host: "127.0.0.1", port: 0 }, limits });
  const { address } = server;
  const key = await keyFor(["documents.upload"]);
  async function post(path: string, init: RequestInit & { duplex?: "half" }, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${address}${path}`, { method: "POST", ...init, headers: { "x-api-key": key, ...headers } });
    const body: unknown = await response.json();
    return { status: response.status, headers: response.headers, body };
  }
  const send = (path: string, body: BodyInit, headers: Readonly<Record<string, string>> = {}) =>
    post(`/documents?path=${encodeURIComponent(path)}`, { body, duplex: "half" }, headers);
  return { address, key, kept, held, post, send, taken };
}

const bytesOf = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).map((_, at) => (at * 7) % 256);
/** A body whose length is not told. */
const inPieces = (bytes: Uint8Array<ArrayBuffer>): ReadableStream => new Blob([bytes]).stream();

describe("POST /documents", () => {
  it.each([0, 1, MAX_BYTES])("keeps a body of %i bytes as it is, whether its length is told or not", async (length) => {
    const { send, kept } = await start();
    for (const body of [bytesOf(length), inPieces(bytesOf(length))]) {
      const { status, headers, body: receipt } = await send("notes/ü b.md", body, { "content-type": "Text/Markdown; charset=utf-8" });
      expect([status, headers.get("location")]).toEqual([202, "/ingest/job-1"]);
      expect(receipt).toEqual({ documentId: `doc_${"0".repeat(24)}`, path: "uploads/notes/ü b.md", sizeBytes: length, jobId: "job-1" });
    }
    expect(kept).toHaveLength(2);
    for (const upload of kept) {
      expect(upload).toMatchObject({ path: "uploads/notes/ü b.md", mediaType: "text/markdown", sizeBytes: length });
      expect(Buffer.compare(upload.bytes, bytesOf(length))).toBe(0);
    }
  });

  it("refuses a body beyond the limit, whether its length is told or not, and goes on", async () => {
    const { send, kept } = await start();
    for (const body of [bytesOf(MAX_BYTES + 1), inPieces(bytesOf(MAX_BYTES + 1)), inPieces(bytesOf(20 * MAX_BYTES))]) {
      expect(await send("a.md", body)).toMatchObject({
        status: 413,
        body: { code: "payload_too_large", detail: expect.stringContaining("MAX_UPLOAD_BYTES") },
      });
    }
    expect(kept).toEqual([]);
    expect((await send("a.md", "A.")).status).toBe(202);
  });

  it("gives no place to those who tell of too much, however long they take to send it", async () => {
    const { address, key, send, taken } = await start();
    const head = `POST /documents?path=a.md HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\ncontent-length: ${MAX_BYTES + 1}\r\n\r\n`;
    const sockets = Array.from({ length: 4 }, () => connect(Number(new URL(address).port), "127.0.0.1"));
    for (const socket of sockets) socket.write(head);
    await taken(4);
    expect((await send("b.md", "B.")).status).toBe(202);
    for (const socket of sockets) socket.destroy();
  });

  it("keeps nothing of a file that ended early", async () => {
    const { address, key, kept, send } = await start();
    const socket = connect(Number(new URL(address).port), "127.0.0.1");
    const head = `POST /documents?path=a.md HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\ncontent-length: 50\r\n\r\n`;
    await new Promise<void>((resolve) => socket.write(`${head}half of it`, () => resolve()));
    socket.destroy();
    for (let round = 0; round < 5; round += 1) expect((await send("b.md", "B.")).status).toBe(202);
    expect(new Set(kept.map(({ path }) => path))).toEqual(new Set(["uploads/b.md"]));
  });

  it.each(["", "../a.md", "/etc/passwd", "a\\b.md", "%2e%2e/a.md", "a\0.md", "a//b.md", "x".repeat(256)])("refuses the path %j", async (path) => {
    const { send, kept } = await start();
    expect(await send(path, "A.")).toMatchObject({ status: 400, body: { code: "invalid_request", issues: [{ path: "path" }] } });
    expect(kept).toEqual([]);
  });

  it("refuses a query that lacks the path, or has more", async () => {
    const { post } = await start();
    for (const query of ["", "?path=a.md&title=A", "?name=a.md"]) expect((await post(`/documents${query}`, { body: "A." })).status).toBe(400);
  });

  it.each([
    ["a form", { "content-type": "multipart/form-data; boundary=x" }],
    ["packed bytes", { "content-encoding": "gzip" }],
  ])("refuses %s, which it would keep as if it were the file", async (_, headers) => {
    const { send, kept } = await start();
    expect(await send("a.md", "A.", headers)).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    expect(kept).toEqual([]);
  });

  it("tells a key that it may not put a file there before it reads the file", async () => {
    const { address, kept } = await start();
    const confined = await keyFor(["documents.upload"], ["uploads/ada/"]);
    const body = bytesOf(20 * MAX_BYTES);
    const to = async (path: string) =>
      (await fetch(`${address}/documents?path=${path}`, { method: "POST", headers: { "x-api-key": confined }, body })).status;
    expect([await to("ada/a.md"), await to("a.md"), await to("people/a.md")]).toEqual([413, 403, 403]);
    expect(kept).toEqual([]);
  });

  it("takes four at once, and tells the others to come again", async () => {
    const { send, held, kept } = await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    held.promise = promise;
    const sent = Array.from({ length: 10 }, (_, at) => send(`${at}.md`, bytesOf(MAX_BYTES)));
    // Those that are kept wait; whoever is answered now was refused.
    const refused = await Promise.race(sent);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(refused.body).toMatchObject({ code: "overloaded", retryAfterSeconds: 2 });
    let answered = 0;
    const countAnswer = (): void => {
      answered += 1;
      if (answered === 6) resolve();
    };
    for (const answer of sent) void answer.then(countAnswer);
    await promise;
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(4);
    expect(statuses.filter((status) => status === 503)).toHaveLength(6);
    expect(kept).toHaveLength(4);
    expect((await send("later.md", "A.")).status).toBe(202);
  });
});

describe("documents.upload over tRPC", () => {
  const formOf = (file: Blob, name: string, fields: Readonly<Record<string, string>> = {}): FormData => {
    const form = new FormData();
    form.append("file", file, name);
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    return form;
  };
  const clientOf = ({ address, key }: { address: string; key: string }) =>
    createTRPCClient<AppRouter>({ links: [httpLink({ url: `${address}/trpc`, headers: { "x-api-key": key } })] });

  it("takes a form from tRPC's own client, with the name of the file or a path beside it", async () => {
    const scene = await start();
    const { documents } = clientOf(scene);
    const file = new Blob([bytesOf(MAX_BYTES)], { type: "text/plain" });
    expect(await documents.upload.mutate(formOf(file, "a b.md"))).toMatchObject({ path: "uploads/a b.md", sizeBytes: MAX_BYTES, jobId: "job-1" });
    expect(await documents.upload.mutate(formOf(file, "a.md", { path: "notes/ü.md" }))).toMatchObject({ path: "uploads/notes/ü.md" });
    expect(scene.kept.map(({ mediaType }) => mediaType)).toEqual(["text/plain", "text/plain"]);
    for (const { bytes } of scene.kept) expect(Buffer.compare(bytes, bytesOf(MAX_BYTES))).toBe(0);
  });

  it("refuses what the route refuses", async () => {
    const scene = await start();
    const { documents } = clientOf(scene);
    const refusal = (form: FormData) =>
      documents.upload.mutate(form).then(
        () => undefined,
        (error: { data?: { code?: string } }) => error.data?.code,
      );
    const small = new Blob(["A."]);
    expect(await refusal(formOf(new Blob([bytesOf(MAX_BYTES + 1)]), "a.md"))).toBe("payload_too_large");
    expect(await refusal(formOf(new Blob([bytesOf(20 * MAX_BYTES)]), "a.md"))).toBe("payload_too_large");
    expect(await refusal(formOf(small, "../a.md"))).toBe("invalid_request");
    expect(await refusal(formOf(small, "a.md", { title: "A" }))).toBe("invalid_request");
    expect(await refusal(new FormData())).toBe("invalid_request");
    const others = clientOf({ ...scene, key: await keyFor(["documents.get"]) });
    const confined = clientOf({ ...scene, key: await keyFor(["documents.upload"], ["uploads/ada/"]) });
    await expect(others.documents.upload.mutate(formOf(small, "a.md"))).rejects.toMatchObject({ data: { code: "forbidden" } });
    await expect(confined.documents.upload.mutate(formOf(small, "a.md"))).rejects.toMatchObject({ data: { code: "forbidden" } });
    expect(scene.kept).toEqual([]);
  });

  it("cannot be called with JSON that looks like a file", async () => {
    const { post, kept } = await start();
    const input = { path: "a.md", file: { parts: [{ 0: 65 }], sizeBytes: 1, sha256: "0", mediaType: "text/plain" } };
    const called = await post("/trpc/documents.upload", { body: JSON.stringify(input) }, { "content-type": "application/json" });
    expect(called).toMatchObject({ status: 400, body: { error: { data: { code: "invalid_request", issues: [{ path: "file" }] } } } });
    expect(kept).toEqual([]);
  });

  it("waits for no place longer than its own call", async () => {
    const scene = await start();
    const { documents } = clientOf(scene);
    for (let round = 0; round < 6; round += 1) await expect(documents.upload.mutate(formOf(new Blob(["A."]), ".."))).rejects.toThrow();
    expect(await documents.upload.mutate(formOf(new Blob(["A."]), "a.md"))).toMatchObject({ sizeBytes: 2 });
  });
});
