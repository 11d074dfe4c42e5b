/** Where a worker's snapshot comes from: what the operator binds, or an address. */

/** Gives the bytes of the snapshot. @throws SnapshotMissing */
export type LoadSnapshot = (signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;

/** There is nothing where the snapshot should be. */
export class SnapshotMissing extends Error {
  override readonly name = "SnapshotMissing";
}

type Method = (...given: readonly unknown[]) => unknown;

/** The method of an object of the platform, which may well be a proxy that has every name. */
function methodOf(value: unknown, name: string): Method | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const method: unknown = Reflect.get(value, name);
  return typeof method === "function" ? (...given) => Reflect.apply(method, value, given) : undefined;
}

/**
 * Loads from a bucket or a namespace (`get(key)`, such as R2 and KV), from assets or another worker (`fetch(address)`), or takes bytes as
 * they are, such as those of a data module.
 *
 * @returns undefined for a binding that is none of these.
 * @example
 * createEdgeHandler({ environment: env, loadSnapshot: snapshotFrom(env.BUCKET, "knowledge.bin") ?? fail() });
 */
export function snapshotFrom(binding: unknown, key: string): LoadSnapshot | undefined {
  const bytes = asBytes(binding);
  if (bytes !== undefined) return async () => bytes;
  // A bound worker has every method, and a bucket has no `fetch` that could be taken for one.
  const get = isFetcher(binding) ? undefined : methodOf(binding, "get");
  // What a namespace wants to be told, a bucket passes over.
  if (get !== undefined) return async () => await bytesOf(await get(key, { type: "arrayBuffer" }), key);
  const fetchFrom = methodOf(binding, "fetch");
  if (fetchFrom === undefined) return undefined;
  return async (signal) => {
    const response = await fetchFrom(`https://snapshot.invalid/${encodeURI(key)}`, { signal });
    if (!(response instanceof Response)) throw new TypeError("the bound object answers with no response");
    return await bytesOf(response.ok ? response : null, key, response.status);
  };
}

/** Loads from an address. */
export function snapshotAt(url: string): LoadSnapshot {
  return async (signal) => {
    const response = await fetch(url, { signal });
    return await bytesOf(response.ok ? response : null, "SNAPSHOT_URL", response.status);
  };
}

const isFetcher = (binding: unknown): boolean => Object.prototype.toString.call(binding) === "[object Fetcher]";

async function bytesOf(body: unknown, key: string, status?: number): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null || body === undefined) {
    throw new SnapshotMissing(`There is no snapshot under ${key}${status === undefined ? "" : ` (status ${status})`}.`);
  }
  const bytes = asBytes(body);
  if (bytes !== undefined) return bytes;
  const read = methodOf(body, "arrayBuffer");
  const given = read && asBytes(await read());
  if (given === undefined) throw new TypeError("the bound object gives no bytes");
  return given;
}

function asBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value instanceof Uint8Array ? new Uint8Array(value) : undefined;
}
