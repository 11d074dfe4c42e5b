/** An HTTP gateway before a server: hands on, turns away, and serves a page of the same origin. */
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** What is before the server. */
export interface Gateway {
  /** Hands everything on. */
  readonly server: string;
  /** Turns the first request below each name away with status 429, and hands on the others: `busy/<name>/…`. */
  readonly busy: string;
  /** Answers 503 and nothing else. */
  readonly away: string;
  /** Where {@link Gateway.page} is. */
  readonly origin: string;
  /** Serves a page with this module, and resolves with what it posts to `/report`. */
  page(module: string): Promise<unknown>;
  close(): Promise<void>;
}

const AWAY = JSON.stringify({
  error: { message: "As scripted.", code: -32_603, data: { code: "store_unavailable", httpStatus: 503, requestId: "r" } },
});

/** @param target address of the server; asked for at each request, since a server may want to know the origin of the gateway before it starts. */
export async function startGateway(target: () => string): Promise<Gateway> {
  const turnedAway = new Set<string>();
  let module = "";
  let report: (text: string) => void = () => {};

  function pass(path: string, request: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", headers } = request;
    const onward = send(target() + path, { method, headers: { ...headers, host: new URL(target()).host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }

  function serve(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "/report") {
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      request.on("end", () => {
        response.end();
        report(text);
      });
    } else if (path === "/module.js") response.setHeader("content-type", "text/javascript").end(module);
    else if (path === "/") response.setHeader("content-type", "text/html").end('<!doctype html><script type="module" src="/module.js"></script>');
    else response.writeHead(404).end();
  }

  const gateway = createServer((request, response) => {
    const { url = "/" } = request;
    const [, place = "", name = ""] = url.split("/");
    if (place === "rag") pass(url.slice("/rag".length), request, response);
    else if (place === "away") request.resume().on("end", () => response.writeHead(503, { "content-type": "application/json" }).end(AWAY));
    else if (place === "busy" && !turnedAway.has(name)) {
      turnedAway.add(name);
      request.resume().on("end", () => response.writeHead(429, { "retry-after": "1", "content-type": "text/plain" }).end("busy"));
    } else if (place === "busy") pass(url.slice(`/busy/${name}`.length), request, response);
    else serve(url, request, response);
  });
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  const { port } = gateway.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    server: `${origin}/rag`,
    busy: `${origin}/busy`,
    away: `${origin}/away`,
    page: (source) =>
      new Promise((resolve) => {
        module = source;
        report = (text) => resolve(JSON.parse(text));
      }),
    async close() {
      gateway.closeAllConnections();
      await new Promise((resolve) => gateway.close(resolve));
    },
  };
}
