/** The client of Chroma, set up for one call: it takes the signal that ends a call when it is made, and making one costs nothing. */
import { ChromaClient } from "chromadb";

export interface ChromaClientOptions {
  /** `http://` or `https://`, with a host and a port; nothing else. */
  readonly url: string;
  /** Sent as `x-chroma-token`. */
  readonly token?: string | undefined;
}

/** What a server says of itself before anything is sent to it. */
export interface ChromaLimits {
  readonly max_batch_size: number;
  readonly supports_base64_encoding: boolean;
}

export type MakeChromaClient = (signal: AbortSignal, limits?: ChromaLimits) => ChromaClient;

interface FetchOptions extends RequestInit {
  /** Also of an answer that says to be something else: the client would take any page for success. */
  readonly parseAs: "json";
}

/** @throws TypeError for an address that the client cannot use. It is not repeated: it may hold a password. */
export function chromaClients({ url, token }: ChromaClientOptions): MakeChromaClient {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = address !== undefined && /^https?:$/.test(address.protocol) && `${address.protocol}//${address.host}` === url.replace(/\/$/, "");
  if (!isPlain) throw new TypeError("The address of Chroma must look like http://host:8000, without user, password or path.");
  const ssl = address.protocol === "https:";
  return (signal, limits) => {
    // A redirection would take the token and the vectors elsewhere.
    const fetchOptions: FetchOptions = { signal, redirect: "error", parseAs: "json" };
    const connection = {
      host: address.hostname,
      port: address.port === "" ? (ssl ? 443 : 80) : Number(address.port),
      ssl,
      tenant: "default_tenant",
      database: "default_database",
      headers: token === undefined ? {} : { "x-chroma-token": token },
      fetchOptions,
    };
    return new InformedClient(connection, limits);
  };
}

/** Knows the limits of the server already, which the client otherwise asks for before every write. */
class InformedClient extends ChromaClient {
  constructor(connection: ConstructorParameters<typeof ChromaClient>[0], limits: ChromaLimits | undefined) {
    super(connection);
    if (limits !== undefined) this.preflightChecks = limits;
  }
}
