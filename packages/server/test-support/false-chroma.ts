/** A server that says to be Chroma, and answers as a test wants it to. */
import { once } from "node:events";
import { createServer } from "node:http";

export interface FalseChroma {
  readonly url: string;
  /** What `/api/v2/version` answers. */
  version: string;
  /** What everything else answers, from now on; undefined for what Chroma says of its limits. */
  answer: { readonly status: number; readonly type: string; readonly body: string; readonly location?: string } | undefined;
  /** Says its version and its limits, and nothing else. */
  isSilent: boolean;
  /** Headers of the requests so far. */
  readonly tokens: (string | undefined)[];
  close(): Promise<void>;
}

/** @param atPort in place of a real one; any free port without it. */
export async function startFalseChroma(atPort = 0): Promise<FalseChroma> {
  const limits = { status: 200, type: "application/json", body: '{"max_batch_size":1000,"supports_base64_encoding":true}' };
  const server = createServer((request, response) => {
    request.resume();
    const token = request.headers["x-chroma-token"];
    state.tokens.push(typeof token === "string" ? token : undefined);
    const isVersion = request.url === "/api/v2/version";
    const isLimits = request.url === "/api/v2/pre-flight-checks";
    if (state.isSilent && !isVersion && !isLimits) return;
    const own = isVersion ? { ...limits, body: JSON.stringify(state.version) } : limits;
    const { status, type, body, location } =
      isVersion || isLimits ? { ...own, location: undefined } : { location: undefined, ...(state.answer ?? limits) };
    response.writeHead(status, { "content-type": type, connection: "close", ...(location === undefined ? {} : { location }) }).end(body);
  }).listen(atPort, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const state: FalseChroma = {
    url: `http://127.0.0.1:${port}`,
    version: "1.0.0",
    answer: undefined,
    isSilent: false,
    tokens: [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return state;
}
