/** What a call gives: a promise of its result that can also tell about the response it came in. */

/** About a response whose body was read already. */
export interface ResponseInfo {
  readonly status: number;
  /** The same id as in the server's log. */
  readonly requestId: string | undefined;
  readonly headers: { get(name: string): string | null };
}

/** A result and the response that brought it. */
export interface WithResponse<T> {
  readonly data: T;
  readonly response: ResponseInfo;
}

/**
 * A promise of a call's result.
 *
 * @example
 * ```ts
 * const { data, response } = await client.search("warranty").withResponse();
 * console.log(data.hits.length, response.status, response.requestId, response.headers.get("content-type"));
 * ```
 */
export interface ResponsePromise<T> extends Promise<T> {
  /** The result with its response's status, request id and headers. Nothing is sent again. */
  withResponse(): Promise<WithResponse<T>>;
}

export function toResponsePromise<T>(work: Promise<WithResponse<T>>): ResponsePromise<T> {
  const result = work.then(({ data }) => data);
  return Object.assign(result, {
    withResponse() {
      // Whoever asks for both has the error from here.
      result.catch(() => {});
      return work;
    },
  });
}
