/**
 * What the server is compared with: a bare `node:http` and a bare Hono that read a JSON body and answer with a given one.
 *
 * Usage: node bench/http-peers.ts <node:http | hono> <file with the answer>; prints its port and runs until its input ends.
 */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";

const [kind, file = ""] = process.argv.slice(2);
/** Made into JSON for each answer, as a server that answers with what it knows must. */
const answer: unknown = JSON.parse(readFileSync(file, "utf8"));

const bare: RequestListener = (request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { question } = JSON.parse(Buffer.concat(parts).toString());
    const body = JSON.stringify(typeof question === "string" ? answer : {});
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
};

function hono(): RequestListener {
  const app = new Hono();
  app.post("/chat", async (c) => {
    const { question } = await c.req.json();
    return c.json(typeof question === "string" ? answer : {});
  });
  return getRequestListener(app.fetch);
}

const server = createServer(kind === "hono" ? hono() : bare);
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on("end", () => process.exit(0));
